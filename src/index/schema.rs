//! The fields of the index.
//!
//! | field | holds | asked for by |
//! |---|---|---|
//! | `fields` | a term `name NUL value` for each field, original and canonical names alike | `name:value`, `name:*`, wildcards, ranges, networks, traces |
//! | `message` | the words of the message with positions | `message:word`, bare words, phrases |
//! | `text` | the words of the other texts in the line with positions | bare words, phrases |
//! | `@timestamp` | event time, nanoseconds, column | time ranges, order |
//! | `seq` | order of reading, column | ties, replay |
//! | `event_key` | 40 bits of the event id, column | look-up by event id |
//! | `level` | severity as a number, column | histograms |
//! | `epoch` | number of the commit | trimming after a failure |
//! | `place` | number of the document in the [archive](super::archive) of the partition, column | results |
//!
//! `seq` and `event_key` are columns without terms on purpose: a term that occurs once costs ten
//! times as much to write as a column entry, and a scan of a column answers in about a nanosecond
//! an event.

use tantivy::Index;
use tantivy::schema::{
    DateOptions, DateTimePrecision, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing,
    TextOptions,
};
use tantivy::tokenizer::TextAnalyzer;

use super::tokenizer::{PairTokenizer, WordTokenizer};

/// Handles of the fields. The same in every partition, because the schema is built in one order.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    pub fields: Field,
    pub message: Field,
    pub text: Field,
    pub time: Field,
    pub seq: Field,
    pub event_key: Field,
    pub level: Field,
    pub epoch: Field,
    pub place: Field,
}

pub const TIME: &str = "@timestamp";
pub const SEQ: &str = "seq";
pub const EVENT_KEY: &str = "event_key";
pub const LEVEL: &str = "level";
pub const PLACE: &str = "place";

/// Own names of what a hunt has to know (see `narrow` and `hunt`): the file of an event; that the line names no time;
/// that something of it is not indexed; that a field is there without a value.
pub const FILE: &str = "file";
pub const TIMELESS: &str = "timeless";
pub const PARTIAL: &str = "partial";
pub const VOID: &str = "void";

pub fn build() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let terms = |tokenizer: &str, option| {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(tokenizer)
            .set_fieldnorms(false)
            .set_index_option(option);
        TextOptions::default().set_indexing_options(indexing)
    };
    let date = |precision| DateOptions::default().set_fast().set_precision(precision);
    let column = || NumericOptions::default().set_fast();
    let fields = Fields {
        fields: schema.add_text_field("fields", terms("pairs", IndexRecordOption::Basic)),
        message: schema.add_text_field("message", terms("words", IndexRecordOption::WithFreqsAndPositions)),
        text: schema.add_text_field("text", terms("words", IndexRecordOption::WithFreqsAndPositions)),
        time: schema.add_date_field(TIME, date(DateTimePrecision::Nanoseconds)),
        seq: schema.add_u64_field(SEQ, column()),
        event_key: schema.add_u64_field(EVENT_KEY, column()),
        level: schema.add_u64_field(LEVEL, column()),
        epoch: schema.add_u64_field("epoch", NumericOptions::default().set_indexed()),
        place: schema.add_u64_field(PLACE, column()),
    };
    (schema.build(), fields)
}

/// Gives the index our tokenizers. They live in the process, not in the files.
pub fn register(index: &Index) {
    index.tokenizers().register("pairs", TextAnalyzer::from(PairTokenizer::default()));
    index.tokenizers().register("words", TextAnalyzer::from(WordTokenizer::default()));
}
