//! Benchmarks of whole pipelines: `cargo bench -p reelwright-benches`.
