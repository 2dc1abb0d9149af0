fn main() -> Result<(), Box<dyn std::error::Error>> {
    use reelwright::{Registry, StreamingMediaEncoder};
    use reelwright_toy::{codec, container}; // the example below

    let registry = Registry::builtin().with(codec::ENCODER.clone()).with(container::MUXER.clone());
    let encoder = StreamingMediaEncoder::with_registry(&registry, "tone.toy", None)?;

    Ok(())
}
