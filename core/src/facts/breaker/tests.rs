use super::*;
use crate::facts::Vocabulary;

/// What the bundled words make of a message: the change, and the name.
fn read(message: &str, is_about_one: bool) -> (&'static str, String) {
    let vocabulary = Vocabulary::bundled();
    let Some(sentence) = vocabulary.sentences().breakers().read(message, is_about_one) else {
        return ("nothing", String::new());
    };
    let change = match sentence.change {
        Some(BreakerChange::Becomes(state)) => state.word(),
        Some(BreakerChange::RefusesCall) => "refuses",
        None => "none",
    };
    (change, sentence.name.and_then(|place| message.get(place)).unwrap_or_default().to_owned())
}

#[test]
fn sentences_say_what_a_breaker_does() {
    for (message, change, name) in SENTENCES {
        assert_eq!(read(message, false), (*change, (*name).to_owned()), "{message}");
    }
}

#[test]
fn what_is_planned_denied_or_supposed_states_nothing() {
    for message in NOTHING {
        let (change, _) = read(message, false);
        assert!(matches!(change, "none" | "nothing"), "{message}: {change}");
    }
}

#[test]
fn a_line_that_is_about_a_breaker_needs_no_word_for_one() {
    for (message, change, name) in [
        ("db: closed -> open", "open", "db"),
        ("db: half_open -> closed", "closed", "db"),
        ("BreakerState changed from CLOSED to OPEN", "open", ""),
        ("tripped", "open", ""),
        ("5 failures counted", "none", ""),
    ] {
        assert_eq!(read(message, true), (change, name.to_owned()), "{message}");
    }
}

#[test]
fn hostile_sentences_end() {
    for message in [
        "breaker ".repeat(400),
        "breaker [".repeat(200),
        "to open ".repeat(300) + "circuit",
        "'".repeat(900) + " breaker open",
    ] {
        read(&message, true);
    }
}

/// Text, what becomes of the breaker, and its name.
const SENTENCES: &[(&str, &str, &str)] = &[
    ("Breaker payments is open until 2026-03-01T10:00:30Z", "open", "payments"),
    ("circuit breaker for inventory-service OPENED - half-open in 20s", "open", "inventory-service"),
    ("CircuitBreaker 'backendA' changed state from CLOSED to OPEN", "open", "backendA"),
    ("CircuitBreaker 'backendA' changed state from HALF_OPEN to OPEN", "open", "backendA"),
    ("CircuitBreaker 'backendA' changed state from OPEN to HALF_OPEN", "half_open", "backendA"),
    ("CircuitBreaker 'backendA' changed state from HALF_OPEN to CLOSED", "closed", "backendA"),
    ("CircuitBreaker 'backendA' is OPEN and does not permit further calls", "refuses", "backendA"),
    ("Tripping circuit breaker for stripe after 5 consecutive failures", "open", "stripe"),
    ("[hystrix] Circuit OPEN for command GetUser", "open", "GetUser"),
    ("Circuit for search closed again, traffic restored", "closed", "search"),
    ("circuit opened for upstream catalog: error rate 62% over 50%", "open", "catalog"),
    ("Service mailer circuit switched to OPEN (threshold 5 reached)", "open", "mailer"),
    ("mailer circuit: trying a probe request (half-open)", "half_open", "mailer"),
    ("CB[ldap] state: CLOSED -> OPEN", "open", "ldap"),
    ("CB[ldap] state: OPEN -> HALF-OPEN", "half_open", "ldap"),
    ("CB[ldap] state: HALF-OPEN -> CLOSED", "closed", "ldap"),
    ("Dependency kafka is failing fast now (breaker tripped, cool-down 45s)", "open", "kafka"),
    (
        "Circuit breaker 'openai' transitioned to open state after 5 failures, will retry in 60s",
        "open",
        "openai",
    ),
    ("OpenAI breaker recovered, closing circuit", "closed", "OpenAI"),
    ("OpenAI breaker cooling period over, allowing test call", "half_open", "OpenAI"),
    ("Short-circuiting call to openai, breaker open", "refuses", "openai"),
    ("Request to ldap blocked by open circuit", "refuses", "ldap"),
    ("[cb] geo: circuit tripped after 10 errors in 60s", "open", "geo"),
    ("users-db circuit breaker has tripped", "open", "users-db"),
    ("Circuit breaker for payment-gateway is now OPEN (failure rate 75.0%)", "open", "payment-gateway"),
    ("Circuit breaker for payment-gateway is CLOSED again", "closed", "payment-gateway"),
    (
        "Circuit breaker for payment-gateway moved to HALF_OPEN, letting 3 calls through",
        "half_open",
        "payment-gateway",
    ),
    ("ALERT: sms provider breaker flipped from closed to open", "open", "sms"),
    ("Opened circuit for dependency 'vat' (5/5 failures)", "open", "vat"),
    ("Closed circuit for dependency 'vat'", "closed", "vat"),
    ("WARN breaker=elastic transition closed→open errors=12", "open", "elastic"),
    ("WARN breaker=elastic transition open→half_open", "half_open", "elastic"),
    ("S3Client: circuit breaker state changed CLOSED => OPEN", "open", "S3Client"),
    ("S3Client: circuit breaker state changed HALF_OPEN => CLOSED", "closed", "S3Client"),
    ("Call to mailgun rejected: circuit breaker is open", "refuses", "mailgun"),
    ("mailgun: failing fast, circuit is open", "refuses", "mailgun"),
    ("CircuitBreakerOpenError: circuit 'quotes' is open", "refuses", "quotes"),
    ("The 'quotes' circuit was opened because of 4 timeouts", "open", "quotes"),
    ("The 'quotes' circuit is half open; a single request will be let through", "half_open", "quotes"),
    ("recommender breaker: closed -> open after 3 consecutive failures", "open", "recommender"),
    ("Circuit breaker [billing] opened for 30 seconds", "open", "billing"),
    ("Circuit breaker [billing] has recovered", "closed", "billing"),
    ("circuit-breaker(billing): state=OPEN reason=timeout", "open", "billing"),
    ("Leistungsschalter? circuit breaker inventory geöffnet nach 5 Fehlern", "open", "inventory"),
    ("Le disjoncteur inventory est passé à ouvert", "open", "inventory"),
    ("Le disjoncteur inventory est fermé à nouveau", "closed", "inventory"),
    ("auth-svc: 5 failures in a row, opening breaker for 15s", "open", "auth-svc"),
    ("auth-svc: breaker timeout elapsed, entering half-open state", "half_open", "auth-svc"),
    ("auth-svc: probe succeeded, breaker closed", "closed", "auth-svc"),
    ("auth-svc: probe failed, breaker re-opened", "open", "auth-svc"),
    ("Reset circuit breaker redis manually", "closed", "redis"),
    ("redis breaker manually reset by operator", "closed", "redis"),
    ("breaker \"cache\" -> OPEN", "open", "cache"),
    ("db breaker OPEN", "open", "db"),
    ("db breaker CLOSED", "closed", "db"),
    ("Circuit for ext_api: CLOSED -> OPEN (5 failures in 60s)", "open", "ext_api"),
    ("Skipping call to ext_api because its circuit breaker is open", "refuses", "ext_api"),
    ("Stripe API circuit breaker triggered: 5 errors in 45s", "open", "Stripe"),
    ("circuit breaker kafka-producer forced open by admin", "open", "kafka-producer"),
    ("tax-service degraded, tax breaker has opened", "open", "tax"),
    ("Opening the breaker for notifications: 8 of 10 calls failed", "open", "notifications"),
    ("notifications | circuit breaker | OPEN | 8 failures", "open", "notifications"),
    ("notifications breaker is probing", "half_open", "notifications"),
    ("CircuitBreaker[warehouse] CLOSED -> OPEN, slow call rate 80%", "open", "warehouse"),
    ("warehouse breaker state: open", "open", "warehouse"),
    ("warehouse breaker back to closed", "closed", "warehouse"),
    ("Circuit breaker warehouse closing after 3 successful calls", "closed", "warehouse"),
    ("Circuit breaker warehouse: trial call allowed", "half_open", "warehouse"),
    ("Too many failures talking to ml-model, circuit breaker tripped for 60s", "open", "ml-model"),
    ("breaker_state_change breaker=ml-model from=closed to=open", "open", "ml-model"),
    ("🔴 graphql circuit is open for 2m", "open", "graphql"),
    ("🟢 graphql circuit closed", "closed", "graphql"),
    ("🟡 graphql circuit half-open", "half_open", "graphql"),
    ("graphql circuit is open, request rejected", "refuses", "graphql"),
    ("pg: circuit breaker open - not permitted", "refuses", "pg"),
    ("The circuit breaker for pg has just tripped", "open", "pg"),
    ("tripped circuit breaker of pg", "open", "pg"),
    ("identity circuit went from CLOSED to OPEN", "open", "identity"),
    ("Circuit identity transitioned: CLOSED -> OPEN", "open", "identity"),
    ("resilience: fx-rates circuit breaker opened, fallback active", "open", "fx-rates"),
    ("error budget spent for fx-rates; circuit breaker opened", "open", "fx-rates"),
    ("fx-rates: breaker CLOSED->OPEN", "open", "fx-rates"),
    ("svc.orders: breaker opened (cooldown 30s)", "open", "svc.orders"),
    ("MailSender circuit breaker: OPEN (was CLOSED)", "open", "MailSender"),
    ("MailSender circuit breaker: CLOSED (was HALF_OPEN)", "closed", "MailSender"),
    ("MailSender circuit breaker: HALF_OPEN (was OPEN)", "half_open", "MailSender"),
    ("opened circuit breaker weather", "open", "weather"),
    ("weather call short-circuited by circuit breaker", "refuses", "weather"),
    ("checkout-breaker? no: breaker \"checkout\" just went OPEN", "open", "checkout"),
    ("[CRM] crm circuit breaker tripped (error threshold exceeded)", "open", "crm"),
    ("crm breaker opened at 50% error rate", "open", "crm"),
    ("crm breaker is closed again after 42s", "closed", "crm"),
    ("Allowing a trial request through the crm circuit breaker", "half_open", "crm"),
    ("Loyalty points unavailable: loyalty circuit open", "open", "loyalty"),
    ("loyalty circuit breaker rejected the call", "refuses", "loyalty"),
    ("Call blocked by loyalty circuit breaker", "refuses", "loyalty"),
    ("Circuit \"quote-engine\" opened. Next attempt at 10:00:30", "open", "quote-engine"),
    ("circuit_breaker=quote-engine state=open failures=5", "open", "quote-engine"),
    ("tiles: too many timeouts (6), circuit breaker now open for 1m", "open", "tiles"),
    ("tiles: circuit breaker now closed", "closed", "tiles"),
    ("LLM gateway: breaker for llm tripped open", "open", "llm"),
    ("breaker llm: CLOSED→OPEN", "open", "llm"),
    ("breaker(llm) open", "open", "llm"),
    ("breaker(llm) half-open", "half_open", "llm"),
    ("breaker(llm) closed", "closed", "llm"),
    ("search circuit breaker is now open", "open", "search"),
    ("db-primary circuit breaker transition: closed to open", "open", "db-primary"),
    ("WARNING: Circuit breaker for 'catalog' opened due to high latency", "open", "catalog"),
    ("INFO: Circuit breaker for 'catalog' closed, calls flow again", "closed", "catalog"),
    ("orders breaker -> OPEN (5/10)", "open", "orders"),
    ("EU-2 breaker is open until 10:02", "open", "EU-2"),
];

/// Talk about breakers that states nothing.
const NOTHING: &[&str] = &[
    "circuit breaker configured: failure_threshold=5 recovery_timeout=30",
    "Circuit breakers initialised for 3 services",
    "Circuit breaker payments still closed, 2 failures",
    "The circuit will open after 5 failures",
    "circuit breaker test passed",
    "circuit breaker for billing: failure 2 of 5",
    "Circuit breaker enabled for billing",
    "circuit breaker threshold for billing changed from 5 to 10",
    "If three calls fail the circuit breaker opens",
    "Circuit breaker would open now (dry run)",
    "breaker box inspection opened in building 4",
    "Ticket opened: circuit breaker in server room trips",
    "unit test for circuit breaker: opened -> closed",
    "No circuit breaker is open",
    "The circuit breaker did not open",
    "identity circuit: 1 failure(s), threshold 5",
    "circuit breaker metrics: open=0 closed=7 half_open=0",
    "Loaded circuit breaker settings for identity (open after 5 failures)",
    "Circuit breaker for identity remains closed",
    "circuit breaker status check ok, all closed",
    "The circuit breaker will half-open in 30 seconds",
    "Should the circuit breaker open?",
    "race circuit opened to visitors",
    "Please check whether the breaker opened",
    "circuit_breaker=quote-engine state=closed failures=1",
    "circuit breaker registry created with 4 breakers",
    "breaker will trip after 5 failures",
    "circuit breaker half-open timeout set to 30s",
    "Circuit breaker tests: opened, closed",
    "A new short circuit was found in panel 7",
    "circuit breaker open-state duration is 30s",
];

#[test]
fn a_value_names_one_of_three_states() {
    let vocabulary = Vocabulary::bundled();
    let words = vocabulary.sentences().breakers();
    let told = [
        ("closed", Some(BreakerState::Closed)),
        ("HALF_OPEN", Some(BreakerState::HalfOpen)),
        ("half-open", Some(BreakerState::HalfOpen)),
        ("Half Open", Some(BreakerState::HalfOpen)),
        ("CircuitState.OPEN", Some(BreakerState::Open)),
        ("closing", Some(BreakerState::Closed)),
        ("tripped", Some(BreakerState::Open)),
        ("offen", Some(BreakerState::Open)),
        ("active", None),
        ("", None),
        ("open for business since the first of May", None),
    ];
    for (text, state) in told {
        assert_eq!(words.state(text), state, "{text}");
    }
}
