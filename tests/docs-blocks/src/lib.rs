//! Rust code blocks of the documentation. `cargo xtask docs` writes them to `examples`.
