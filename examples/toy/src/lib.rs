//! A custom codec, container and output for Reelwright.
//!
//! | | | |
//! |---|---|---|
//! | [`codec`] | `toy_delta` | 16-bit samples as differences |
//! | [`container`] | `toy` | a header, and packets with their times |
//! | [`memory`] | `memory:` | named pieces of memory |
//!
//! ```
//! use reelwright::{AudioStream, StreamingMediaEncoder, TensorView};
//! use reelwright_toy::{memory::Store, registry};
//!
//! let store = Store::default();
//! let registry = registry(&store);
//! let mut encoder =
//!     StreamingMediaEncoder::with_registry(&registry, "memory:tone.toy", None)?;
//! encoder.add_audio_stream(&AudioStream::new(16_000, 1))?;
//! encoder.open()?;
//! encoder.write_audio_chunk(0, &TensorView::contiguous(&[0.5f32; 160], &[160, 1])?, None)?;
//! encoder.finish()?;
//! assert!(store.get("tone.toy").unwrap().starts_with(b"TOY1"));
//! # Ok::<(), reelwright::Error>(())
//! ```

pub mod codec;
pub mod container;
pub mod memory;

use reelwright::Registry;

/// Returns a registry with the built-in items and those of this crate. `memory:` uses `store`.
pub fn registry(store: &memory::Store) -> Registry {
    Registry::builtin()
        .with(codec::ENCODER.clone())
        .with(container::MUXER.clone())
        .with(memory::protocol(store))
}
