//! Types and traits that all Reelwright crates share.
//!
//! A chunk of audio samples or video frames ([`TensorView`]) is converted to frames
//! ([`AudioFrame`], [`VideoFrame`]). An encoder ([`AudioEncoder`], [`VideoEncoder`]) turns frames
//! into [`Packet`]s, a [`Muxer`] turns packets into bytes, and an [`Output`] stores or sends the
//! bytes. Data flows in this direction only.
//!
//! **To add a codec or a container**, implement one of the traits and a static description
//! ([`AudioEncoderInfo`], [`MuxerInfo`]) with the supported options ([`OptionInfo`]), and add it to
//! the registry of the crate `reelwright`. **To encode files only**, use the crate `reelwright`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod audio_frame;
mod channel_layout;
mod chapter;
mod codec;
mod codec_record;
mod color;
mod cover_art;
mod destination;
mod device_memory;
mod encoder;
mod error;
mod format;
mod frame_pool;
pub mod h264;
pub mod helpers;
mod interrupt;
mod media_kind;
mod metadata;
mod muxer;
mod open_context;
mod opener;
mod option;
mod option_value;
mod options;
mod output;
mod packet;
mod packet_clock;
mod pixel_format;
mod plane;
mod protocol;
mod rational;
mod request;
mod sample_format;
mod side_data;
mod sink;
mod stream;
mod tensor;
mod time;
mod typed_buffer;
mod video_frame;
mod video_view;

pub use audio_frame::AudioFrame;
pub use channel_layout::{Channel, ChannelLayout};
pub use chapter::{Chapter, ChapterSupport};
pub use codec::{CodecId, CustomCodec};
pub use codec_record::{
    AdpcmBlocks, AlacConfig, AudioSpecificConfig, Av1Config, CodecRecord, FlacStreamInfo, Mp3Info,
    Mp3RateControl, OpusChannelMapping, OpusHead, VorbisHeaders, WebVttHeader,
};
pub use color::{
    ChromaLocation, ColorInfo, ColorPrimaries, ColorRange, MatrixCoefficients, RgbColor,
    TransferCharacteristics,
};
pub use cover_art::CoverArt;
pub use destination::{Destination, ObjectStore};
pub use device_memory::{DeviceEvent, DeviceMemory, DevicePixels, DevicePlane, MemoryKind};
pub use encoder::{
    AudioEncoder, AudioEncoderInfo, AudioEncoderRequest, Backing, ChannelLayouts, CodecConfig,
    CodecConfigField, EncoderInfo, OpenAudioEncoder, OpenVideoEncoder, SampleRates, VideoColor,
    VideoEncoder, VideoEncoderInfo, VideoEncoderRequest,
};
pub use error::{Error, ErrorKind, Result};
pub use format::{AudioFormat, VideoFormat};
pub use frame_pool::{FrameAllocator, FramePool};
pub use h264::AvcConfig;
pub use interrupt::Interrupt;
pub use media_kind::MediaKind;
pub use metadata::Metadata;
pub use muxer::{Muxer, MuxerInfo, OpenMuxer, TimeLimits};
pub use open_context::{OpenContext, Wait};
pub use option::{OptionInfo, OptionKind};
pub use options::{BoolOrSeconds, Options};
pub use output::{MemoryOutput, Output};
pub use packet::{Packet, PacketQueue};
pub use packet_clock::PacketClock;
pub use pixel_format::{ColorModel, Component, PixelFormat};
pub use plane::{ByteOrder, Plane, PlaneBuffer, PlaneElement, Planes, PlanesMut};
pub use protocol::{OpenObjectStore, OpenOutput, ProtocolInfo};
pub use rational::Rational;
pub use request::OutputRequest;
pub use sample_format::{DataType, SampleFormat};
pub use side_data::{ContentLight, FieldOrder, HdrMetadata, MasteringDisplay, SideData};
pub use sink::Sink;
pub use stream::{AudioParameters, MediaParameters, StreamParameters, VideoParameters};
pub use tensor::{Element, MAX_RANK, TensorView, TypedSlice};
pub use time::{FrameLength, TimeBase, Timestamp};
pub use typed_buffer::TypedBuffer;
pub use video_frame::{HostPixels, VideoFrame, VideoMemory};
pub use video_view::VideoView;
