//! Behaviour of the whole program, one module a subject.

mod architecture; // the import table, held against the sources
mod asking; // `soctop search` and `soctop trace`: what is printed, said, and returned
mod blindness; // times that cannot be relied upon blind nobody silently
mod both_ways; // every rule has samples and tests in which it speaks, and in which it does not
mod config; // flags, environment, file, defaults: what is in force, and what is refused
mod conformance; // detection against vectors and oracles of others
mod conformance_correlation; // Sigma correlation against the conformance vectors
mod determinism; // the same input gives the same answer
mod documented; // lines as the documentation of products shows them
mod endings; // what has begun ends when its service says, and of whom it was said
mod evasions; // attacks in all the ways that hide a line
mod exits; // rules see what was read, and no secret leaves memory
mod explain; // what `soctop explain` says of a line
mod faults; // calls that fail, kills, restored data
mod film; // frames as a film for the documentation
mod foreign_lines; // lines that other tools test with: who tried, and who is reported
mod foreign_logs; // the rules on logs of other systems: no false alarms
mod fuzz_seeds; // the seeds of the fuzz targets, without a fuzzer
mod harness; // a hermetic home for the real binary
mod hints; // every command and flag that a text names exists
mod hostile; // lines that are meant to cost time
mod hunt; // rules over the index find what a replay finds
mod ingest; // files into the index, once
mod matrix; // the rows of the fault matrix and their tests
mod neighbours; // beside logrotate and journald as they are
mod other_products; // lines of products that have no words of their own here
mod payloads; // the injection rules on labelled payloads
mod queries; // every bundled rule is complete, valid and unique
mod quiet; // an ordinary day: few incidents, none above low
mod receive;
mod recordings; // real logs: every line accounted for, every stream understood
mod reload; // rules edited under a running watch
mod reports; // `soctop report`, `soctop decisions`, and `soctop` alone
mod rules; // what `soctop rules` answers
mod sample_logs; // every sample log gives the alerts beside it
mod samples; // the generator of `sample-logs/`
mod screen; // the dashboard: what it shows, what keys do, what hostile content cannot do
mod screenshot; // the picture in the README is a frame of the program
mod search; // the store: what is found, what survives, what cannot be lost
mod secrets; // secrets where logs have them, and what only looks like one
mod seed_systems; // the rules on recordings of real systems
mod stated_ends; // when what a line states is over, by its own words
mod stories; // an attacker from the first guess to what was taken, in few incidents
mod summaries; // every summary is a sentence that holds
mod svg; // pictures of frames for the documentation
mod tail; // the reader: growth, rotation, truncation, restart
mod told; // the story of the demo, told to an engine and a state
mod unseen; // lines of products that nobody had tuned to
mod vocabulary; // how products say what happened
mod watch; // from an appended line to the screen, and through a crash
mod wrapped_lines;
