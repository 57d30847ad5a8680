//! Behaviour of the whole program, one module a subject.

mod tail; // the reader: growth, rotation, truncation, restart
