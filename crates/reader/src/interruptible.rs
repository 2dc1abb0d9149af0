//! Interruptible reading from pipes, terminals and sockets, which may block.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Interval at which a blocked read checks the stop flag.
const STOP_CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// Number of blocks that are read ahead.
const AHEAD: usize = 4;
/// Size of a block in bytes.
const PIECE: usize = 1 << 16;

/// Reader that returns the end of the input when its flag is set, even if the input blocks.
pub struct InterruptibleReader {
    // The mutex makes the reader `Sync`, which symphonia requires. It is never contended.
    pieces: Mutex<Receiver<io::Result<Vec<u8>>>>,
    piece: Vec<u8>,
    taken: usize,
    stop: Arc<AtomicBool>,
}

impl InterruptibleReader {
    /// Reads `inner` on a new thread until `stop` is set.
    pub fn new(mut inner: impl Read + Send + 'static, stop: Arc<AtomicBool>) -> Self {
        let (sender, pieces) = sync_channel(AHEAD);
        std::thread::spawn(move || {
            loop {
                let mut piece = vec![0; PIECE];
                let read = match inner.read(&mut piece) {
                    Ok(0) => return,
                    Ok(n) => {
                        piece.truncate(n);
                        Ok(piece)
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let failed = read.is_err();
                if sender.send(read).is_err() || failed {
                    return;
                }
            }
        });
        Self { pieces: Mutex::new(pieces), piece: Vec::new(), taken: 0, stop }
    }
}

impl Read for InterruptibleReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.piece.len() {
            let pieces = self.pieces.get_mut().map_err(|_| io::ErrorKind::Other)?;
            match pieces.recv_timeout(STOP_CHECK_INTERVAL) {
                Ok(piece) => (self.piece, self.taken) = (piece?, 0),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) if self.stop.load(Ordering::Relaxed) => {
                    return Ok(0);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        let n = buffer.len().min(self.piece.len() - self.taken);
        buffer[..n].copy_from_slice(&self.piece[self.taken..self.taken + n]);
        self.taken += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_bytes_to_the_end() {
        let bytes: Vec<u8> = (0..200_000u32).map(|i| i as u8).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let mut reader = InterruptibleReader::new(io::Cursor::new(bytes.clone()), stop);
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!(read, bytes);
    }

    #[test]
    fn blocked_read_ends_when_the_flag_is_set() {
        let (silent, _writer) = io::pipe().unwrap();
        let stop = Arc::new(AtomicBool::new(true));
        assert_eq!(InterruptibleReader::new(silent, stop).read(&mut [0; 8]).unwrap(), 0);
    }
}
