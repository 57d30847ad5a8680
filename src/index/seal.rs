//! What is done with a partition that is full, while the next one is already written: its segments become one,
//! its blocks full, and what it holds is noted.
//!
//! The partition can be searched all the time. A crash at any point loses none of it: it is done again.

use std::path::PathBuf;

use tantivy::IndexWriter;
use tantivy::indexer::NoMergePolicy;

use super::archive;
use super::directory::{replace_in, sync_directory};
use super::document::Doc;
use super::error::Error;
use super::filter;
use super::guard::guarded;
use super::part::Part;
use super::partition::{Partition, WriterSetting};
use super::payload::Payload;
use super::reader::Reader;
use super::summary::{SUMMARY, SealedSummary};
use super::tokenizer::{after_prefix, pair_term};
use super::view::View;
use crate::query::name::CORRELATION_ID;

/// A partition that is full, and what is left to do with it.
pub struct Sealing {
    pub(super) path: PathBuf,
    /// The writer that filled it: its merges are waited for.
    pub(super) writer: Option<IndexWriter<Doc>>,
    pub(super) reader: Reader,
}

impl Sealing {
    /// Does it. Takes seconds for a million events, and no longer than reading them did.
    ///
    /// # Errors
    /// When the disk is full or the partition damaged. It stays as it was; the next start tries again.
    pub fn finish(self) -> Result<(), Error> {
        let Self { path, writer, reader } = self;
        guarded(|| {
            if let Some(writer) = writer {
                writer.wait_merging_threads().map_err(|error| Error::write(&error))?;
            }
            let partition = Partition::open(&path)?;
            merge(&partition)?;
            let payload = partition.payload()?;
            archive::pack(&path, payload.archive.documents)?;
            note(&partition, &payload)
        })?;
        reader.settled(&path);
        Ok(())
    }
}

/// Makes one segment of all.
fn merge(partition: &Partition) -> Result<(), Error> {
    let failed = |error: tantivy::TantivyError| Error::write(&error);
    let segments = partition.index.searchable_segment_ids().map_err(failed)?;
    // tantivy removes no file of a segment that somebody holds the metadata of: let go of them at once.
    let has_deleted = {
        let metas = partition.index.searchable_segment_metas().map_err(failed)?;
        metas.iter().any(|meta| meta.num_deleted_docs() > 0)
    };
    if segments.len() <= 1 && !has_deleted {
        return Ok(());
    }
    let mut writer =
        partition.writer(WriterSetting { threads: 1, heap_bytes: SMALLEST_HEAP, merged_documents: 0 })?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    writer.merge(&segments).wait().map_err(failed)?;
    writer.garbage_collect_files().wait().map_err(failed)?;
    writer.wait_merging_threads().map_err(failed)?;
    sync_directory(&partition.path)
}

/// tantivy refuses less.
const SMALLEST_HEAP: usize = 16 << 20;

/// Writes the filter of ids and the summary.
fn note(partition: &Partition, payload: &Payload) -> Result<(), Error> {
    let part = Part::over(partition, payload)?;
    let Some(view) = part.view()? else { return Ok(()) };
    let ids = ids(&view).map_err(|error| Error::search(&error))?;
    let count = ids.len() as u64;
    replace_in(&partition.path, filter::IDS, &filter::build(ids.into_iter(), count))?;
    let (began, ended) = (payload.began, payload.read_to);
    let summary = SealedSummary { counts: view.counts()?, times: view.times(), began, ended };
    let text = serde_json::to_vec(&summary).map_err(|error| Error::form(&error))?;
    replace_in(&partition.path, SUMMARY, &text)?;
    sync_directory(&partition.path)
}

/// A hash of the term of each correlation id.
fn ids(view: &View) -> tantivy::Result<Vec<u128>> {
    let start = pair_term(CORRELATION_ID, "");
    let mut ids = Vec::new();
    for segment in view.searcher.segment_readers() {
        let index = segment.inverted_index(view.fields.fields)?;
        let end = after_prefix(start.as_bytes()).unwrap_or_default();
        let mut terms = index.terms().range().ge(&start).lt(end).into_stream()?;
        while terms.advance() {
            ids.push(filter::hash(terms.key()));
        }
    }
    Ok(ids)
}
