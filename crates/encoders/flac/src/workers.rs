//! Threads that encode blocks in parallel. Frames return in the order of their blocks.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use fearless_simd::Level;
use reelwright_core::{Error, Result};

use crate::block::BlockEncoder;
use crate::config::Config;

/// A block to encode, and its frame afterwards.
#[derive(Debug, Default)]
pub(crate) struct Job {
    pub(crate) planes: Vec<Vec<i32>>,
    pub(crate) number: u32,
    pub(crate) frame: Vec<u8>,
}

/// Worker threads. Each encodes one block while another waits.
#[derive(Debug)]
pub(crate) struct Workers {
    threads: Vec<Worker>,
    /// Index of the thread of each block in flight, oldest first.
    under_way: VecDeque<usize>,
    next: usize,
}

#[derive(Debug)]
struct Worker {
    /// Sender of blocks. `None` ends the thread.
    jobs: Option<SyncSender<Job>>,
    done: Receiver<Job>,
    thread: Option<JoinHandle<()>>,
}

/// Maximum number of blocks per thread: one to encode and one that waits.
const DEPTH: usize = 2;

impl Workers {
    /// Starts `config.threads` threads.
    pub(crate) fn start(config: &Config, level: Level) -> Result<Self> {
        let mut threads = Vec::with_capacity(config.threads);
        for _ in 0..config.threads {
            let (jobs, taken) = sync_channel::<Job>(DEPTH);
            let (finished, done) = sync_channel(DEPTH);
            let mut encoder = BlockEncoder::new(config.clone(), level);
            let thread = std::thread::Builder::new()
                .name("flac".into())
                .spawn(move || {
                    for mut job in taken {
                        job.frame.clear();
                        encoder.encode(&job.planes, job.number, &mut job.frame);
                        if finished.send(job).is_err() {
                            return;
                        }
                    }
                })
                .map_err(|error| Error::io("Failed to start an encoder thread", error))?;
            threads.push(Worker { jobs: Some(jobs), done, thread: Some(thread) });
        }
        Ok(Self { threads, under_way: VecDeque::new(), next: 0 })
    }

    /// Maximum number of blocks in flight.
    pub(crate) fn capacity(&self) -> usize {
        DEPTH * self.threads.len()
    }

    /// Returns whether another block must wait for the oldest one.
    pub(crate) fn is_full(&self) -> bool {
        self.under_way.len() >= self.capacity()
    }

    /// Sends a block to the next thread.
    pub(crate) fn send(&mut self, job: Job) -> Result<()> {
        let jobs = self.threads[self.next].jobs.as_ref();
        jobs.and_then(|jobs| jobs.send(job).ok()).ok_or_else(ended)?;
        self.under_way.push_back(self.next);
        self.next = (self.next + 1) % self.threads.len();
        Ok(())
    }

    /// Waits for the oldest block, if there is one.
    pub(crate) fn receive(&mut self) -> Result<Option<Job>> {
        let Some(thread) = self.under_way.pop_front() else { return Ok(None) };
        self.threads[thread].done.recv().map(Some).map_err(|_| ended())
    }
}

fn ended() -> Error {
    Error::state("An encoder thread has ended unexpectedly; this is a bug in the FLAC encoder.")
}

impl Drop for Workers {
    fn drop(&mut self) {
        for worker in &mut self.threads {
            worker.jobs = None;
        }
        for worker in &mut self.threads {
            // Drains the channel, so that a thread that waits to send can end before the join.
            while worker.done.recv().is_ok() {}
            if let Some(thread) = worker.thread.take() {
                // The panic hook already reported the panic.
                let _ = thread.join();
            }
        }
    }
}
