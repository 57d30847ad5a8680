# What CI runs, in pieces. `just` lists them.

default:
    @just --list

# Everything CI runs
check:
    .ci/run

# The quick loop: the pure half alone
pure:
    cargo test -p soctop-core

test:
    cargo test

lint:
    cargo fmt --all -- --check
    cargo clippy --all-targets -- -D warnings

doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items

bench:
    cargo bench

# Fuzz one target (the folders of fuzz/seeds name them); needs cargo-fuzz and a C++ compiler
fuzz target seconds="600":
    mkdir -p fuzz/corpus/{{target}}
    RUSTC_BOOTSTRAP=1 cargo fuzz run -s none {{target}} fuzz/corpus/{{target}} fuzz/seeds/{{target}} -- \
        -dict=fuzz/sigma.dict -max_len=8192 -timeout=20 -max_total_time={{seconds}}

# Broken seeds for every target on a stable compiler
fuzz-stable seconds="60":
    SOCTOP_FUZZ={{seconds}} cargo test --test it -- fuzz_seeds --nocapture

# Runs that are too large for a test: flood, overload, files
trial name:
    cargo build --release
    cargo run --release --example trials -- target/release/soctop {{name}}

# Licences and sources of dependencies (needs cargo-deny)
deny:
    cargo deny check licenses bans sources

# Accept new incidents as the expected ones of the sample logs, then read the diff
bless:
    UPDATE_EXPECT=1 cargo test --test it -- sample_logs rule_reference
    git diff --stat sample-logs
