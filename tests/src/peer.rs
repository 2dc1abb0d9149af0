//! `peer:NAME`: a test protocol whose peer stalls, fails, or recovers on request.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reelwright::{
    Error, ObjectStore, OpenContext, OptionInfo, Options, Output, OutputRequest, ProtocolInfo,
    Registry, Result,
};

const GREETING: OptionInfo =
    OptionInfo::text("greeting", "TEXT", "", "text that is sent to the peer first");

/// Behavior of the peer, and the data that it received. Clones share the state.
#[derive(Debug, Clone, Default)]
pub struct Peer(Arc<Mutex<State>>);

/// Behavior of the peer, and the data that it received.
#[derive(Debug, Default)]
pub struct State {
    /// Received bytes.
    pub bytes: Vec<u8>,
    /// Received messages.
    pub messages: Vec<Vec<u8>>,
    /// Objects by name, with their content type.
    pub objects: BTreeMap<String, (Option<String>, Vec<u8>)>,
    /// Number of bytes after which the peer accepts no more.
    pub stalls_at: Option<usize>,
    /// True if the peer does not respond when it is opened.
    pub stalls_open: bool,
    /// True if the peer does not respond when it is closed.
    pub stalls_close: bool,
    /// Number of bytes after which the peer disconnects.
    pub leaves_at: Option<usize>,
    /// Maximum message size in bytes, if the peer accepts messages.
    pub message_size: Option<usize>,
    /// True if received data can be changed.
    pub is_seekable: bool,
    /// True if the peer requests a keyframe.
    pub wants_keyframe: bool,
    /// True if an output was closed.
    pub is_closed: bool,
    /// Number of open outputs.
    pub outputs: usize,
}

impl Peer {
    /// Returns a registry with the protocol `peer`, and `single`, which does not support objects.
    pub fn registry(&self) -> Registry {
        let (peer, objects, single) = (self.clone(), self.clone(), self.clone());
        let open = move |_: &str, options: &mut Options, context: &OpenContext| {
            peer.open(options, context)
        };
        let alone = move |_: &str, options: &mut Options, context: &OpenContext| {
            single.open(options, context)
        };
        let store = move |_: &str, _: &mut Options, context: &OpenContext| {
            Ok(Box::new(Store { peer: objects.clone(), context: context.clone() })
                as Box<dyn ObjectStore>)
        };
        let info = ProtocolInfo::from_closure(&["peer"], "peer of a test", open);
        Registry::builtin().with(info.options(&[GREETING]).object_store(store)).with(
            ProtocolInfo::from_closure(&["single"], "single output of a test", alone)
                .options(&[GREETING]),
        )
    }

    /// Returns the state.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, options: &mut Options, context: &OpenContext) -> Result<Box<dyn Output>> {
        let greeting = options.take_text(&GREETING).unwrap_or_default();
        self.wait_while(context, |state| state.stalls_open)?;
        let mut state = self.state();
        state.outputs += 1;
        state.bytes.extend_from_slice(greeting.as_bytes());
        drop(state);
        let object = None;
        Ok(Box::new(Connection { peer: self.clone(), context: context.clone(), taken: 0, object }))
    }

    fn wait_while(&self, context: &OpenContext, condition: impl Fn(&State) -> bool) -> Result<()> {
        let wait = context.wait();
        while condition(&self.state()) {
            std::thread::sleep(wait.poll_interval().max(Duration::from_millis(1)));
            wait.check()?;
        }
        Ok(())
    }
}

struct Connection {
    peer: Peer,
    context: OpenContext,
    taken: u64,
    /// Name and content type of an object, and whether it becomes visible only when it is complete.
    object: Option<(String, Option<String>, bool)>,
}

impl Output for Connection {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let mut state = self.peer.state();
        if let Some(size) = state.message_size {
            assert!(bytes.len() <= size, "a message of {} bytes", bytes.len());
            state.messages.push(bytes.to_vec());
        }
        drop(state);
        let mut rest = bytes;
        while !rest.is_empty() {
            let mut state = self.peer.state();
            let held = state.bytes.len();
            if state.leaves_at.is_some_and(|at| held >= at) {
                let left = io::ErrorKind::BrokenPipe.into();
                return Err(Error::output("Failed to write to dst: peer", left));
            }
            let room = [state.stalls_at, state.leaves_at].into_iter().flatten().min();
            let room = room.map_or(usize::MAX, |at| at.saturating_sub(held)).min(rest.len());
            state.bytes.extend_from_slice(&rest[..room]);
            self.taken += room as u64;
            if let Some((name, kind, is_atomic)) = &self.object {
                let name = if *is_atomic { format!("{name}.part") } else { name.clone() };
                let object = state.objects.entry(name).or_default();
                object.0.clone_from(kind);
                object.1.extend_from_slice(&rest[..room]);
            }
            rest = &rest[room..];
            drop(state);
            if room == 0 {
                self.peer.wait_while(&self.context, |state| {
                    state.stalls_at.is_some_and(|at| state.bytes.len() >= at)
                })?;
            }
        }
        Ok(())
    }

    fn position(&self) -> u64 {
        self.taken
    }

    fn is_seekable(&self) -> bool {
        self.peer.state().is_seekable
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        self.peer.wait_while(&self.context, |state| state.stalls_at.is_some())?;
        let mut state = self.peer.state();
        let at = at as usize;
        state.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn message_size(&self) -> Option<usize> {
        self.peer.state().message_size
    }

    fn take_request(&mut self) -> Option<OutputRequest> {
        std::mem::take(&mut self.peer.state().wants_keyframe).then_some(OutputRequest::Keyframe)
    }

    fn close(&mut self) -> Result<()> {
        self.peer.wait_while(&self.context, |state| state.stalls_close)?;
        let mut state = self.peer.state();
        if let Some((name, _, true)) = &self.object
            && let Some(whole) = state.objects.remove(&format!("{name}.part"))
        {
            state.objects.insert(name.clone(), whole);
        }
        state.is_closed = true;
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.peer.state().outputs -= 1;
    }
}

struct Store {
    peer: Peer,
    context: OpenContext,
}

impl Store {
    fn object(&self, name: &str, kind: Option<&str>, is_atomic: bool) -> Box<dyn Output> {
        self.peer.state().outputs += 1;
        Box::new(Connection {
            peer: self.peer.clone(),
            context: self.context.clone(),
            taken: 0,
            object: Some((name.to_owned(), kind.map(str::to_owned), is_atomic)),
        })
    }
}

impl ObjectStore for Store {
    fn create(&mut self, name: &str, content_type: Option<&str>) -> Result<Box<dyn Output>> {
        self.peer
            .state()
            .objects
            .insert(name.to_owned(), (content_type.map(str::to_owned), Vec::new()));
        Ok(self.object(name, content_type, false))
    }

    fn replace(&mut self, name: &str, content_type: Option<&str>) -> Result<Box<dyn Output>> {
        Ok(self.object(name, content_type, true))
    }

    fn remove(&mut self, name: &str) -> Result<()> {
        match self.peer.state().objects.remove(name) {
            Some(_) => Ok(()),
            None => Err(Error::output(
                format!("Failed to remove {name}"),
                io::ErrorKind::NotFound.into(),
            )),
        }
    }
}
