//! Attacks as the logs of many products tell them: one attacker, one account, few incidents. Who it was, whom it met, how,
//! and how far it went stand in their summaries, in this order.
//!
//! The logs in `stories/` are written in the forms of the products, with ordinary work around them; addresses and people are
//! those kept for documentation.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{TestEnv, append, start, wait_for};

/// What somebody who is woken at night still reads.
const INCIDENTS: usize = 6;

const ATTACKER: &str = "203.0.113.45";

/// A folder, and what must be told of it in this order: a level, and words of one summary.
struct Story {
    folder: &'static str,
    told: &'static [(&'static str, &'static [&'static str])],
}

const STORIES: &[Story] = &[
    Story {
        folder: "debian",
        told: &[
            ("medium", &[ATTACKER, "guesses passwords", "bob"]),
            ("high", &["bob is in", ATTACKER]),
            ("critical", &["bob got in", "privilege used"]),
            ("critical", &["postgres", "data read of customers"]),
            ("high", &["breaker payments opened"]),
        ],
    },
    Story {
        folder: "windows-rdp",
        told: &[
            ("medium", &[ATTACKER, "guesses passwords", "jsmith"]),
            ("high", &["jsmith is in", ATTACKER]),
            ("critical", &["jsmith got in", "user created"]),
            ("high", &["a log was emptied on FS01.corp.example by jsmith"]),
        ],
    },
    Story {
        folder: "keycloak-shop",
        told: &[
            ("medium", &[ATTACKER, "guesses passwords", "alice"]),
            ("high", &["alice is in", ATTACKER]),
            ("critical", &["alice got in", "then", ATTACKER]),
            ("high", &["breaker inventory opened"]),
        ],
    },
    Story {
        folder: "okta",
        told: &[
            ("medium", &[ATTACKER, "guesses passwords", "carol@corp.example"]),
            ("high", &["carol@corp.example is in", ATTACKER]),
            ("medium", &["carol@corp.example", "second factors"]),
            ("critical", &["carol@corp.example got in", "role granted", ATTACKER]),
        ],
    },
    Story {
        folder: "entra",
        told: &[
            ("medium", &[ATTACKER, "guesses passwords", "dave@corp.example"]),
            ("high", &["dave@corp.example is in", ATTACKER]),
            ("critical", &["dave@corp.example got in", "role granted", ATTACKER]),
        ],
    },
    Story {
        folder: "wordpress",
        told: &[
            ("medium", &[ATTACKER, "guesses passwords", "editor"]),
            ("high", &["editor is in", ATTACKER]),
            ("critical", &[ATTACKER, "code installed", "/wp-admin/update.php"]),
        ],
    },
    Story {
        folder: "vpn-asa",
        told: &[("high", &["password spraying", ATTACKER]), ("high", &[ATTACKER, "is in as nils"])],
    },
    Story {
        folder: "cloudtrail",
        told: &[
            ("medium", &[ATTACKER, "guesses passwords", "erin"]),
            ("high", &["erin is in", ATTACKER]),
            ("critical", &["erin got in", "api key created", ATTACKER]),
            ("high", &["auditing was switched off by erin"]),
        ],
    },
    Story {
        folder: "kubernetes",
        told: &[
            ("low", &[ATTACKER, "refused"]),
            ("high", &[ATTACKER, "secret read as system:serviceaccount:shop:ci-deployer"]),
        ],
    },
    Story {
        folder: "gitlab",
        told: &[
            ("medium", &[ATTACKER, "guesses passwords", "frank"]),
            ("high", &["frank is in", ATTACKER]),
            ("critical", &["frank got in", "api key created", ATTACKER]),
        ],
    },
    Story {
        folder: "gitea-jenkins",
        told: &[
            ("medium", &[ATTACKER, "guesses passwords", "gina"]),
            ("high", &[ATTACKER, "guessed passwords and is in"]),
            ("critical", &[ATTACKER, "program executed", "/script"]),
        ],
    },
    Story {
        folder: "mail",
        told: &[
            ("medium", &["heidi@shop.example", "would be locked", ATTACKER]),
            ("high", &["heidi@shop.example is in", ATTACKER]),
        ],
    },
    Story {
        folder: "mariadb",
        told: &[
            ("medium", &[ATTACKER, "guesses passwords", "report"]),
            ("high", &["report is in", ATTACKER]),
            ("critical", &["report got in", "data exported", ATTACKER]),
        ],
    },
    Story {
        folder: "fortigate-ad",
        told: &[
            ("medium", &[ATTACKER, "guesses passwords", "nora"]),
            ("high", &["nora is in", ATTACKER]),
            ("critical", &["nora got in", "group member added"]),
            ("high", &["a log was emptied on DC01.corp.example by nora"]),
        ],
    },
    Story {
        folder: "entra-spray",
        told: &[
            ("high", &["password spraying", ATTACKER]),
            ("high", &[ATTACKER, "is in as olga@corp.example"]),
        ],
    },
    Story {
        folder: "aws-key-leak",
        told: &[
            ("medium", &["backup was refused 10 objects"]),
            ("high", &["backup was refused again and again, then let in", "secret read", ATTACKER]),
            ("high", &["auditing was switched off by backup"]),
        ],
    },
    Story {
        folder: "proxmox",
        told: &[
            ("medium", &[ATTACKER, "guesses passwords", "root@pam"]),
            ("high", &["root@pam is in"]),
            ("critical", &["root@pam got in", "program executed"]),
        ],
    },
    Story {
        folder: "nextcloud",
        told: &[
            ("medium", &[ATTACKER, "guesses passwords", "petra"]),
            ("high", &["petra is in", ATTACKER]),
            ("critical", &["petra got in", "group member added", ATTACKER]),
        ],
    },
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/stories").join(name)
}

/// The incidents of a replay in the order in which they opened, as they were told then: level and summary. What is but
/// informational wakes nobody.
fn incidents(logs: &Path) -> Vec<(String, String)> {
    let said = TestEnv::new().stdout_of(&["replay", "--format", "ndjson", &logs.to_string_lossy()], 0);
    let records = said.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
    let opened = records.filter(|record| record["kind"] == "alert" && record["status"] == "open");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let told = opened.map(|record| (text(&record["rule"]["level"]), text(&record["summary"])));
    told.filter(|(level, _)| level != "informational").collect()
}

/// The first step of a story that is not told, after those before it.
fn untold<'s>(
    story: &'s Story,
    incidents: &[(String, String)],
) -> Option<&'s (&'static str, &'static [&'static str])> {
    let mut left = incidents.iter();
    story.told.iter().find(|(level, words)| {
        !left.any(|(of, summary)| of == level && words.iter().all(|word| summary.contains(word)))
    })
}

#[test]
fn each_story_is_told_in_order_and_in_few_incidents() {
    let mut wrong = Vec::new();
    for story in STORIES {
        let incidents = incidents(&folder(story.folder));
        if let Some(step) = untold(story, &incidents) {
            wrong.push(format!("{}: not told {step:?} of {incidents:#?}", story.folder));
        }
        if incidents.len() > INCIDENTS {
            wrong.push(format!("{}: {} incidents: {incidents:#?}", story.folder, incidents.len()));
        }
        let holes = incidents.iter().filter(|(_, summary)| summary.contains('?'));
        wrong.extend(holes.map(|(_, summary)| format!("{}: {summary}", story.folder)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Copies the logs of a story, line after line in the order of their times within each file, under a watch.
#[test]
fn a_watch_tells_the_story_of_a_host_as_it_happens() {
    let story = STORIES.first().expect("a story");
    let env = TestEnv::new();
    append(&env.log("quiet.log"), "{\"message\":\"started\"}\n");
    let printed = env.path("alerts.txt");
    let mut child = start(
        env.command(&["watch", "--plain", "logs"])
            .stdout(File::create(&printed).expect("a file"))
            .stderr(Stdio::null()),
    );
    for name in ["auth.log", "postgresql/postgresql-15-main.log", "shop/app.log", "nginx/access.log"] {
        let text = std::fs::read_to_string(folder(story.folder).join(name)).expect("a log");
        append(&env.log(name.rsplit('/').next().expect("a name")), &text);
    }
    let words = story.told.iter().flat_map(|(_, words)| *words);
    wait_for("the whole story", || {
        let told = std::fs::read_to_string(&printed).unwrap_or_default();
        words.clone().all(|word| told.contains(word)).then_some(())
    });
    child.kill().expect("watch is killed");
    child.wait().expect("watch is reaped");
}
