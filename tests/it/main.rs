//! Behaviour of the whole program, one module a subject.

mod conformance;
mod queries;
mod search; // the store: what is found, what survives, what cannot be lost
mod tail; // the reader: growth, rotation, truncation, restart // every bundled rule is complete, valid and unique // detection against vectors and oracles of others
mod conformance_correlation; // Sigma correlation against the conformance vectors
