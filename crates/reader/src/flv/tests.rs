//! Tests with generated files.

use super::*;
use crate::media::{Media, OpenOptions};
