//! `memory:NAME`: an output that stores its bytes under a name.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use reelwright::{Error, OpenContext, OptionInfo, Options, Output, ProtocolInfo, Result};

const CAPACITY: OptionInfo =
    OptionInfo::int("capacity", (1, i64::MAX), None, "maximum number of bytes of an address");

/// Bytes by name. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Store(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Store {
    /// Returns the bytes that were written to `memory:NAME` and closed.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

/// Returns the protocol of a store.
pub fn protocol(store: &Store) -> ProtocolInfo {
    let store = store.clone();
    let open = move |address: &str, options: &mut Options, _: &OpenContext| {
        let name = address.trim_start_matches("memory:").trim_start_matches("//");
        if name.is_empty() {
            return Err(Error::argument(format!("{address} must have a name. Pass memory:NAME.")));
        }
        let capacity = options.take_int(&CAPACITY)?.map_or(usize::MAX, |bytes| bytes as usize);
        let (name, store) = (name.to_owned(), store.clone());
        Ok(Box::new(Memory { name, store, capacity, bytes: Vec::new() }) as Box<dyn Output>)
    };
    ProtocolInfo::from_closure(&["memory"], "named pieces of memory", open).options(&[CAPACITY])
}

struct Memory {
    name: String,
    store: Store,
    capacity: usize,
    bytes: Vec<u8>,
}

impl Output for Memory {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if self.bytes.len() + bytes.len() > self.capacity {
            let full = std::io::ErrorKind::StorageFull.into();
            return Err(Error::output(format!("Failed to write memory:{}", self.name), full));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn position(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn is_seekable(&self) -> bool {
        true
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        let at = at as usize;
        let place = self.bytes.get_mut(at..at.saturating_add(bytes.len()));
        let place = place.ok_or_else(|| Error::state("Only written bytes can be patched."))?;
        place.copy_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        let (name, bytes) = (self.name.clone(), std::mem::take(&mut self.bytes));
        self.store.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, bytes);
        Ok(())
    }
}
