//! What the services stand on: breakers, databases, keys.

use serde_json::json;

use super::{MINUTE, SECOND, Sample, sample};
use soctop::samples::systems::{MEDIA_SESSION, Request, SecurityEvent, Session, Statement};

pub(super) fn circuit_breakers() -> Vec<Sample> {
    vec![
        sample(
            "circuit-breakers-cycle",
            "the database is refused, the breaker opens, probes after 30 s and closes",
            |tape| {
                tape.shop_visit(0, "10.30.0.5");
                let error =
                    "connection to server at 'db-primary' (10.30.5.4), port 5432 failed: Connection refused";
                tape.shop_breaker_opens(2 * SECOND, "database", error, 3);
                tape.shop_breaker(36 * SECOND, "database", "half_open");
                tape.shop_breaker(38 * SECOND, "database", "closed");
                tape.shop_visit(50 * SECOND, "10.30.0.5");
            },
        ),
        sample(
            "circuit-breakers-reopens",
            "a provider that is still broken when the breaker probes: it opens again",
            |tape| {
                tape.market_visit(0, "10.40.7.3");
                tape.market_breaker(2 * SECOND, "stripe_api", "OPEN");
                tape.market_breaker(50 * SECOND, "stripe_api", "CLOSED");
                tape.market_breaker(5 * SECOND, "anthropic_api", "OPEN");
                tape.market_breaker(65 * SECOND, "anthropic_api", "HALF_OPEN");
                tape.market_breaker(67 * SECOND, "anthropic_api", "OPEN");
                tape.market_breaker(127 * SECOND, "anthropic_api", "HALF_OPEN");
                tape.market_breaker(130 * SECOND, "anthropic_api", "CLOSED");
                tape.market_visit(140 * SECOND, "10.40.7.3");
            },
        ),
        sample(
            "circuit-breakers-cycle.benign",
            "breakers that are made and counted, but do not open",
            |tape| {
                for name in ["database", "anthropic_api", "stripe_api"] {
                    tape.market(
                        0,
                        "INFO",
                        "core.circuit_breaker",
                        &format!("Created circuit breaker: {name}"),
                        "",
                    );
                }
                tape.market(
                    9 * SECOND,
                    "WARNING",
                    "core.circuit_breaker",
                    "Circuit breaker 'database' recorded failure: TimeoutError",
                    "",
                );
                tape.market_visit(10 * SECOND, "10.40.7.3");
                tape.shop_visit(12 * SECOND, "10.30.0.5");
            },
        ),
    ]
}

pub(super) fn database() -> Vec<Sample> {
    vec![
        sample("database-outage", "the database is gone for half a minute; requests fail", |tape| {
            tape.media_visit(0, "10.20.0.14");
            tape.media_database_down(5 * SECOND, 6);
            tape.media_visit(50 * SECOND, "10.20.0.14");
        }),
        sample("database-outage.benign", "one lost connection, and errors that are no outage", |tape| {
            tape.media_database_down(0, 1);
            let message = "Failed to list videos: 'Session' object has no attribute 'query'";
            for n in 1..5 {
                tape.media_log(n * 6 * SECOND, "ERROR", "media.api.videos", message, &[]);
                tape.media_visit(n * 6 * SECOND + 1, "10.20.0.14");
            }
        }),
        sample(
            "database-pool",
            "no connection is free; sessions time out; the guard raises its threat level",
            |tape| {
                let message =
                    "QueuePool limit of size 10 overflow 5 reached, connection timed out, timeout 30.00";
                for n in 0..3 {
                    tape.media_log(n * 4 * SECOND, "ERROR", "media.api.videos", message, &[]);
                }
                tape.postgres(
                    20 * SECOND,
                    &MEDIA_SESSION,
                    "ERROR",
                    "57014",
                    "canceling statement due to statement timeout",
                );
                let cid = "c7f3f2aa-90a1-4a53-9f0b-5d2f0f2f7a11";
                tape.shop(
                    30 * SECOND,
                    "WARNING",
                    "database.guard",
                    "Database threat level raised to HIGH",
                    cid,
                );
            },
        ),
    ]
}

pub(super) fn suspicious_queries() -> Vec<Sample> {
    vec![
        sample(
            "database-suspicious-query",
            "reports that read what they should not; a nightly clean-up beside them",
            |tape| {
                let cid = "a1b8b3f2-2c38-4d79-a4b2-8ff3a7d90001";
                for (n, sql) in [
                    "delete from sessions where age > 90",
                    "select email from customers UNION SELECT rolname from pg_roles",
                    "drop table if exists audit_tmp",
                ]
                .iter()
                .enumerate()
                {
                    let at = n as u64 * 8 * SECOND;
                    tape.shop(
                        at,
                        "WARNING",
                        "database.guard",
                        &format!("🚨 Suspicious query detected: {sql}..."),
                        cid,
                    );
                    tape.shop_request(
                        at + 4,
                        cid,
                        &Request::get("10.30.0.6", "/api/v1/reports/run?name=sales", 200),
                    );
                }
            },
        ),
        sample("database-suspicious-query.benign", "the nightly clean-up alone", |tape| {
            let cid = "a1b8b3f2-2c38-4d79-a4b2-8ff3a7d90002";
            tape.shop(
                0,
                "WARNING",
                "database.guard",
                "🚨 Suspicious query detected: delete from sessions where age > 90...",
                cid,
            );
            tape.shop_visit(SECOND, "10.30.0.6");
            tape.shop_visit(4 * SECOND, "10.30.0.6");
        }),
    ]
}

pub(super) fn database_access() -> Vec<Sample> {
    vec![
        sample(
            "database-guessing",
            "passwords guessed at PostgreSQL, and a host that may not connect",
            |tape| {
                tape.postgres_guessing(0, "10.20.66.6", 9);
                let stranger = Session {
                    user: "media",
                    database: "media_production",
                    host: "10.99.3.9",
                    pid: 6_400,
                    application: "",
                };
                let message = "no pg_hba.conf entry for host \"10.99.3.9\", user \"media\", database \"media_production\", no encryption";
                tape.postgres(20 * SECOND, &stranger, "FATAL", "28000", message);
            },
        ),
        sample(
            "database-guessing.benign",
            "one mistyped password, and statements of the application",
            |tape| {
                tape.postgres_guessing(0, "10.20.8.10", 1);
                for n in 1..4 {
                    tape.media_visit(n * 4 * SECOND, "10.20.0.14");
                }
                tape.pgaudit(20 * SECOND, &MEDIA_SESSION, &Statement::new("READ", "SELECT", "SELECT 1"));
            },
        ),
        sample("database-rights", "somebody tries what other roles may", |tape| {
            tape.postgres_denied(
                0,
                "dev_intern",
                "10.20.30.44",
                &["payouts", "users", "pg_authid", "sessions", "secrets", "keys"],
            );
        }),
        sample("database-rights.benign", "a report that was given one table too few", |tape| {
            tape.postgres_denied(0, "reporting", "10.20.20.5", &["payouts", "refunds"]);
            for n in 1..3 {
                tape.media_visit(n * 9 * SECOND, "10.20.0.14");
            }
        }),
    ]
}

pub(super) fn database_takeover() -> Vec<Sample> {
    vec![
        sample(
            "database-takeover",
            "a superuser appears, reads the hashes, runs a program, switches logging off",
            |tape| {
                tape.media_visit(0, "10.20.0.14");
                tape.postgres_takeover(5 * SECOND, "10.20.66.6");
            },
        ),
        sample("database-silent-session", "a superuser who comes and goes and is not audited", |tape| {
            let session = Session {
                user: "dba",
                database: "media_production",
                host: "10.20.66.6",
                pid: 7_801,
                application: "psql",
            };
            let authorised =
                "connection authorized: user=dba database=media_production application_name=psql";
            tape.postgres(0, &session, "LOG", "", authorised);
            tape.postgres(900, &session, "LOG", "", "disconnection: session time: 0:00:00.910 user=dba database=media_production host=10.20.66.6 port=47801");
            for n in 1..6 {
                tape.media_visit(n * 10 * SECOND, "10.20.0.14");
            }
            tape.pgaudit(70 * SECOND, &MEDIA_SESSION, &Statement::new("READ", "SELECT", "SELECT 1"));
        }),
        sample("database-silent-session.benign", "a superuser who looks something up", |tape| {
            let session = Session {
                user: "dba",
                database: "media_production",
                host: "10.20.8.12",
                pid: 7_811,
                application: "psql",
            };
            let authorised =
                "connection authorized: user=dba database=media_production application_name=psql";
            tape.postgres(0, &session, "LOG", "", authorised);
            tape.pgaudit(
                3 * SECOND,
                &session,
                &Statement::new("READ", "SELECT", "select count(*) from videos;"),
            );
            tape.postgres(8 * SECOND, &session, "LOG", "", "disconnection: session time: 0:00:08.000 user=dba database=media_production host=10.20.8.12 port=47811");
            tape.media_visit(20 * SECOND, "10.20.0.14");
        }),
    ]
}

pub(super) fn database_statements() -> Vec<Sample> {
    vec![
        sample("database-takeover.benign", "a migration, a grant and a role without rights", |tape| {
            let session = Session {
                user: "migrator",
                database: "media_production",
                host: "10.20.8.11",
                pid: 7_900,
                application: "alembic",
            };
            tape.postgres(
                0,
                &session,
                "LOG",
                "",
                "connection authorized: user=migrator database=media_production application_name=alembic",
            );
            tape.pgaudit(
                100,
                &session,
                &Statement::new("DDL", "CREATE TABLE", "create table tags(id serial primary key, name text)"),
            );
            tape.pgaudit(
                200,
                &session,
                &Statement::new("DDL", "CREATE INDEX", "create index tags_name on tags(name)"),
            );
            tape.pgaudit(
                300,
                &session,
                &Statement::new("ROLE", "GRANT", "grant select on tags to reporting"),
            );
            tape.like("superuser_created", |tape| {
                let text = "create role tagger nosuperuser login";
                tape.pgaudit(350, &session, &Statement::new("ROLE", "CREATE ROLE", text));
            });
            tape.postgres(400, &session, "LOG", "", "disconnection: session time: 0:00:00.402 user=migrator database=media_production host=10.20.8.11 port=47900");
        }),
        sample("database-mass-read", "one statement returns 50,000 rows, and a table is emptied", |tape| {
            let session = Session {
                user: "reporting",
                database: "media_production",
                host: "10.20.20.5",
                pid: 8_100,
                application: "metabase",
            };
            let all = Statement { rows: 50_000, ..Statement::new("READ", "SELECT", "select * from payouts") };
            tape.pgaudit(0, &session, &all);
            tape.pgaudit(
                4 * SECOND,
                &session,
                &Statement::new("DDL", "DROP TABLE", "drop table payouts_old"),
            );
            tape.pgaudit(
                8 * SECOND,
                &session,
                &Statement::new("WRITE", "TRUNCATE TABLE", "truncate table staging"),
            );
            tape.media_visit(10 * SECOND, "10.20.0.14");
        }),
    ]
}

pub(super) fn database_exports() -> Vec<Sample> {
    vec![sample("database-exports", "exports of data and requests under data protection law", |tape| {
        let cid = "e0a4b3f2-2c38-4d79-a4b2-8ff3a7d90003";
        for (n, table) in ["orders", "customers"].iter().enumerate() {
            tape.shop_security(
                n as u64 * 6 * SECOND,
                cid,
                &SecurityEvent {
                    level: "INFO",
                    message: &format!("Data access: EXPORT on {table}"),
                    category: "data_access",
                    threat: "low",
                    user: Some("user_000004"),
                    ip: Some("10.30.0.6"),
                },
            );
        }
        tape.shop(
            20 * SECOND,
            "INFO",
            "api.v1.gdpr",
            "📦 GDPR data export requested by user: maria@shop.example",
            cid,
        );
        tape.shop_request(20 * SECOND + 4, cid, &Request::get("10.30.0.5", "/api/v1/gdpr/export", 200));
    })]
}

pub(super) fn encryption() -> Vec<Sample> {
    vec![
        sample("secrets-and-encryption-in-clear", "no key: personal data is stored as it is", |tape| {
            let logger = "security.field_encryption";
            tape.lattice(0, logger, "WARNING", "Encryption key not found at /srv/lattice/keys/field.key");
            for n in 0..4 {
                tape.lattice(
                    2 * SECOND + n * 700,
                    logger,
                    "WARNING",
                    "Database encryption not available, storing plaintext",
                );
            }
            tape.lattice_visit(9 * SECOND, "10.70.0.4");
        }),
        sample(
            "secrets-and-encryption-decrypt",
            "values that cannot be decrypted, and a key file that others can read",
            |tape| {
                let logger = "security.field_encryption";
                for n in 0..4 {
                    tape.lattice(n * 3 * SECOND, logger, "ERROR", "Failed to decrypt value: InvalidToken");
                }
                tape.lattice(
                    20 * SECOND,
                    logger,
                    "WARNING",
                    "Key file /srv/lattice/keys/field.key has insecure permissions 0644",
                );
            },
        ),
        sample(
            "secrets-and-encryption-decrypt.benign",
            "encryption as it should be, but for one old value",
            |tape| {
                let failed = "Failed to decrypt value: InvalidToken";
                tape.lattice(20 * SECOND, "security.field_encryption", "ERROR", failed);
                tape.lattice(
                    0,
                    "security.field_encryption",
                    "INFO",
                    "Encryption key loaded from /srv/lattice/keys/field.key",
                );
                for n in 0..4 {
                    tape.lattice_visit(2 * SECOND + n * 3 * SECOND, "10.70.0.4");
                }
            },
        ),
    ]
}

pub(super) fn secrets() -> Vec<Sample> {
    vec![
        sample(
            "secrets-and-encryption-missing",
            "required secrets missing, the vault gone, its health check failing",
            |tape| {
                let logger = "media.core.secrets";
                tape.media_log(0, "INFO", logger, "Initialized backend: environment", &[]);
                tape.media_log(80, "WARNING", logger, "Backend not available: vault", &[]);
                tape.media_log(90, "ERROR", logger, "Required secret not found: MODEL_API_KEY", &[]);
                tape.media_log(
                    95,
                    "ERROR",
                    logger,
                    "Missing required secrets: MODEL_API_KEY, REDIS_URL",
                    &[],
                );
                tape.media_log(5 * MINUTE, "ERROR", logger, "Vault health check failed: 503", &[]);
            },
        ),
        sample("secrets-and-encryption-missing.benign", "a start without a vault, as every day", |tape| {
            let logger = "media.core.secrets";
            tape.media_log(0, "INFO", logger, "Initialized backend: environment", &[]);
            tape.media_log(80, "WARNING", logger, "Backend not available: vault", &[]);
            tape.media_log(90, "INFO", logger, "SecretManager initialized with 1 backend(s)", &[]);
            for n in 1..4 {
                tape.media_visit(n * 2 * SECOND, "10.20.0.14");
            }
        }),
        sample("secrets-and-encryption-stranger", "an identity reads a secret for the first time", |tape| {
            for n in 0..8 {
                let fields = [
                    ("user", json!("svc-media")),
                    ("client_ip", json!("10.20.8.10")),
                    ("secret", json!("db-password")),
                ];
                tape.assist(n * 10 * MINUTE, "info", "secret_read", &fields);
            }
            let fields = [
                ("user", json!("jin.park")),
                ("client_ip", json!("10.20.0.23")),
                ("secret", json!("db-password")),
            ];
            tape.assist(82 * MINUTE, "info", "secret_read", &fields);
        }),
        sample(
            "secrets-and-encryption-stranger.benign",
            "secrets read by those who always read them",
            |tape| {
                for n in 0..9 {
                    let user = if n % 2 == 0 { "svc-media" } else { "svc-upload" };
                    let fields = [
                        ("user", json!(user)),
                        ("client_ip", json!("10.20.8.10")),
                        ("secret", json!("db-password")),
                    ];
                    tape.assist(n * 10 * MINUTE, "info", "secret_read", &fields);
                }
            },
        ),
        sample("secrets-and-encryption-admins-made", "administrator credentials are generated", |tape| {
            tape.assist_audit(0, "admin_credentials_generated", None, json!({ "admin_count": 3 }));
            tape.assist_audit(
                SECOND,
                "credentials_saved",
                None,
                json!({ "file_path": "/srv/assist/admins.json" }),
            );
            tape.assist_audit(9 * SECOND, "auth_success", Some("assist_admin"), json!({}));
            tape.assist_audit(20 * SECOND, "auth_success", Some("assist_admin"), json!({}));
        }),
    ]
}
