//! Logs, each rotated in another way.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How a log is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `app.log.1` becomes `app.log.2`, and so on.
    Numbers,
    /// It is copied and emptied; whoever writes goes on in the same file.
    Copy,
    /// Its new name has a time in it.
    Date,
    /// As `Numbers`, and all but the newest are compressed.
    Compressed,
    /// The folder around it gets another name.
    Folder,
    /// It is a link that stays; where it leads is rotated.
    Link,
}

impl Way {
    pub const ALL: [Self; 6] =
        [Self::Numbers, Self::Copy, Self::Date, Self::Compressed, Self::Folder, Self::Link];

    fn name(self) -> &'static str {
        match self {
            Self::Numbers => "logs/app.log",
            Self::Copy => "logs/copied.log",
            Self::Date => "logs/shop.log",
            Self::Compressed => "logs/web.log",
            Self::Folder => "logs/service/app.log",
            Self::Link => "pods/0.log",
        }
    }
}

pub struct Log {
    way: Way,
    path: PathBuf,
    /// Writers notice a rotation late: this is still the file from before.
    writer: Option<File>,
    interval: Duration,
    due: Instant,
    /// How often it was rotated.
    generation: usize,
    /// The generation that is written now was there when everything was last known to be stored, and the one before it.
    seen: [bool; 2],
}

impl Log {
    pub fn new(way: Way, folder: &Path, interval: Duration) -> io::Result<Self> {
        let path = folder.join(way.name());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        File::create(&path)?;
        if way == Way::Link {
            symlink(&path, folder.join("logs/container.log"))?;
        }
        let place = Way::ALL.iter().position(|own| *own == way).unwrap_or_default();
        // Not all of them at the same moment.
        let due = Instant::now() + interval * (1 + u32::try_from(place).unwrap_or_default()) / 6;
        Ok(Self { way, path, writer: None, interval, due, generation: 0, seen: [false; 2] })
    }

    /// Adds lines where whoever writes has the log open; afterwards they open it anew.
    pub fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let open = || OpenOptions::new().append(true).create(true).open(&self.path);
        let mut writer = self.writer.take().map_or_else(open, Ok)?;
        writer.write_all(lines)
    }

    /// Everything that was written is stored.
    pub fn is_seen(&mut self) {
        self.seen = [true; 2];
    }

    /// Whether it was rotated.
    pub fn rotate_if_due(&mut self) -> io::Result<bool> {
        // What nobody has seen before it is compressed is read by nobody.
        let must_wait = self.way == Way::Compressed && self.generation > 0 && !self.seen[1];
        if Instant::now() < self.due || must_wait {
            return Ok(false);
        }
        self.due = Instant::now() + self.interval;
        self.generation += 1;
        self.seen = [false, self.seen[0]];
        self.rotate()?;
        Ok(true)
    }

    fn rotate(&mut self) -> io::Result<()> {
        let generation = self.generation;
        match self.way {
            Way::Numbers => {
                for number in (1..generation).rev() {
                    fs::rename(self.numbered(number, ""), self.numbered(number + 1, ""))?;
                }
                self.leave_as(&self.numbered(1, ""))
            }
            Way::Copy => {
                fs::copy(&self.path, self.numbered(generation, ""))?;
                OpenOptions::new().write(true).open(&self.path)?.set_len(0)
            }
            Way::Date => {
                let time = format!("shop-20261130T{generation:06}.log");
                self.leave_as(&self.path.with_file_name(time))
            }
            Way::Compressed => {
                for number in (2..generation).rev() {
                    fs::rename(self.numbered(number, ".gz"), self.numbered(number + 1, ".gz"))?;
                }
                if generation > 1 {
                    compress(&self.numbered(1, ""), &self.numbered(2, ".gz"))?;
                }
                fs::rename(&self.path, self.numbered(1, ""))?;
                File::create(&self.path).map(drop)
            }
            Way::Folder => {
                let Some(folder) = self.path.parent() else { return Ok(()) };
                fs::rename(folder, folder.with_file_name(format!("service-{generation}")))?;
                fs::create_dir(folder)?;
                File::create(&self.path).map(drop)
            }
            Way::Link => {
                let name = format!("0.log.20261130-{generation:06}");
                self.leave_as(&self.path.with_file_name(name))
            }
        }
    }

    /// The log goes and another begins; the next lines go to the one that is gone.
    fn leave_as(&mut self, name: &Path) -> io::Result<()> {
        self.writer = Some(OpenOptions::new().append(true).open(&self.path)?);
        fs::rename(&self.path, name)?;
        File::create(&self.path).map(drop)
    }

    fn numbered(&self, number: usize, ending: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{number}{ending}"));
        name.into()
    }
}

/// What gzip does: the compressed file is written and gets the time of the other, which is then removed.
fn compress(log: &Path, packed: &Path) -> io::Result<()> {
    let mut packer = flate2::write::GzEncoder::new(File::create(packed)?, flate2::Compression::fast());
    let mut log_file = File::open(log)?;
    io::copy(&mut log_file, &mut packer)?;
    packer.finish()?.set_modified(log_file.metadata()?.modified()?)?;
    fs::remove_file(log)
}
