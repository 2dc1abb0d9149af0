//! Rust code blocks of the documentation. `cargo xtask docs` writes them as programs to `src/bin`.
