//! Pictures: conversion, encoders and MP4, beside ffmpeg and, where `TORIO_PYTHON` names a Python
//! that has it, torio.
//!
//! What a program takes is the difference between many pictures and one, so its start and what it
//! reads in advance are not counted.

pub(super) mod av1;
pub(super) mod bit_rates;
mod film;
pub(super) mod h264;
pub(super) mod muxing;
mod own;
pub(super) mod pictures;
pub(super) mod rate_quality;
mod ssim;
mod torio;
