//! Recorded files as streams of chunks, one reading thread each, so that replay can merge them by
//! event time while no file is held in memory.

use std::path::Path;
use std::sync::Arc;
use std::{io, thread};

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use super::ingest;
use super::replay::{Next, Recorded, Recording};
use crate::event::number::{to_u32, to_u64};
use crate::event::{Chunk, SourceMessage, Trouble};
use crate::source::{self, Addresses, From, Input, Options, Stop};

/// Chunks that wait to be merged, per file. The files are the buffer.
const CHUNKS: usize = 1;

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    #[error("cannot read `{path}`")]
    Missing { path: String, source: io::Error },
    #[error("{message}")]
    Nothing { message: String },
    #[error("{message}")]
    Trouble { message: String },
    #[error("cannot start reading `{path}`")]
    Thread { path: String, source: io::Error },
}

/// Opens everything the inputs name, sorted within folders and globs. Notes are about files that
/// are left out, in words.
///
/// # Errors
/// When a named file does not exist, or a folder or pattern holds nothing to read.
pub fn recordings(inputs: &[Input]) -> Result<(Vec<Recording<Chunks>>, Vec<String>), RecordingError> {
    let options = Options {
        from: From::Start,
        follow: false,
        addresses: Addresses::Content,
        waiting: ingest::waiting,
        ..Options::default()
    };
    let mut notes = Vec::new();
    let mut found = Vec::new();
    for input in inputs {
        let listing = source::list(input, &options).map_err(|message| RecordingError::Nothing { message })?;
        notes.extend(listing.notes);
        found.extend(listing.files.into_iter().map(Input::Path));
        if matches!(input, Input::Stdin) {
            found.push(Input::Stdin);
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|input| match input {
        Input::Path(path) => seen.insert(path.clone()),
        _ => true,
    });
    let opened = found.into_iter().enumerate().map(|(ordinal, input)| open(input, to_u64(ordinal), &options));
    Ok((opened.collect::<Result<_, _>>()?, notes))
}

fn open(input: Input, ordinal: u64, options: &Options) -> Result<Recording<Chunks>, RecordingError> {
    let name = match &input {
        Input::Path(path) => readable(path)?,
        _ => "stdin".to_owned(),
    };
    let options = Options { first_ordinal: ordinal, ..options.clone() };
    let (sender, receiver) = bounded(CHUNKS);
    let failed = |source| RecordingError::Thread { path: name.clone(), source };
    let stop = Stop::new().map_err(failed)?;
    thread::Builder::new()
        .name("source".to_owned())
        .spawn(move || source::run(vec![input], options, sender, stop))
        .map_err(failed)?;
    let path: Arc<str> = name.into();
    Ok(Recording { path, chunks: Chunks { messages: receiver, ordinal: to_u32(ordinal) } })
}

fn readable(path: &Path) -> Result<String, RecordingError> {
    let name = path.to_string_lossy().into_owned();
    match std::fs::metadata(path) {
        Ok(_) => Ok(name),
        Err(source) => Err(RecordingError::Missing { path: name, source }),
    }
}

/// The chunks of one recording.
pub struct Chunks {
    messages: Receiver<SourceMessage>,
    ordinal: u32,
}

impl IntoIterator for Chunks {
    type Item = Result<Chunk, RecordingError>;
    type IntoIter = WaitingChunks;

    fn into_iter(self) -> WaitingChunks {
        WaitingChunks(self)
    }
}

/// The chunks of one recording, for whoever has nothing else to do than to wait for them.
pub struct WaitingChunks(Chunks);

impl Iterator for WaitingChunks {
    type Item = Result<Chunk, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.0.next_chunk(true) {
            Next::Ready(chunk) => Some(chunk),
            Next::Later | Next::End => None,
        }
    }
}

impl Recorded for Chunks {
    type Error = RecordingError;

    fn next_chunk(&mut self, wait: bool) -> Next<Result<Chunk, RecordingError>> {
        loop {
            let message = match wait {
                true => self.messages.recv().map_err(TryRecvError::from),
                false => self.messages.try_recv(),
            };
            match message {
                Ok(SourceMessage::Lines(mut chunk)) => {
                    chunk.source = crate::event::SourceId(self.ordinal);
                    return Next::Ready(Ok(chunk));
                }
                Ok(SourceMessage::Trouble(Trouble { message, .. })) => {
                    return Next::Ready(Err(RecordingError::Trouble { message }));
                }
                Ok(SourceMessage::Finished) | Err(TryRecvError::Disconnected) => return Next::End,
                Ok(_) => {}
                Err(TryRecvError::Empty) => return Next::Later,
            }
        }
    }
}
