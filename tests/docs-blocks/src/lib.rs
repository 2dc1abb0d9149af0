//! Rust blocks of the documentation, as programs: `cargo xtask docs` writes them to `src/bin`.
