//! Identifiers of Matroska's elements (RFC 9559 §5).

pub(super) const EBML: u32 = 0x1A45_DFA3;
pub(super) const DOC_TYPE: u32 = 0x4282;
pub(super) const MAX_ID_LENGTH: u32 = 0x42F2;
pub(super) const MAX_SIZE_LENGTH: u32 = 0x42F3;
pub(super) const VOID: u32 = 0xEC;
pub(super) const CRC_32: u32 = 0xBF;
pub(super) const SEGMENT: u32 = 0x1853_8067;

pub(super) const SEEK_HEAD: u32 = 0x114D_9B74;
pub(super) const SEEK: u32 = 0x4DBB;
pub(super) const SEEK_ID: u32 = 0x53AB;
pub(super) const SEEK_POSITION: u32 = 0x53AC;

pub(super) const INFO: u32 = 0x1549_A966;
pub(super) const TIMESTAMP_SCALE: u32 = 0x002A_D7B1;
pub(super) const DURATION: u32 = 0x4489;
pub(super) const DATE_UTC: u32 = 0x4461;
pub(super) const TITLE: u32 = 0x7BA9;

pub(super) const CLUSTER: u32 = 0x1F43_B675;
pub(super) const TIMESTAMP: u32 = 0xE7;
pub(super) const SILENT_TRACKS: u32 = 0x5854;
pub(super) const POSITION: u32 = 0xA7;
pub(super) const PREV_SIZE: u32 = 0xAB;
pub(super) const ENCRYPTED_BLOCK: u32 = 0xAF;
pub(super) const SIMPLE_BLOCK: u32 = 0xA3;
pub(super) const BLOCK_GROUP: u32 = 0xA0;
pub(super) const BLOCK: u32 = 0xA1;
pub(super) const BLOCK_DURATION: u32 = 0x9B;
pub(super) const REFERENCE_BLOCK: u32 = 0xFB;
pub(super) const DISCARD_PADDING: u32 = 0x75A2;

pub(super) const TRACKS: u32 = 0x1654_AE6B;
pub(super) const TRACK_ENTRY: u32 = 0xAE;
pub(super) const TRACK_NUMBER: u32 = 0xD7;
pub(super) const TRACK_TYPE: u32 = 0x83;
pub(super) const DEFAULT_DURATION: u32 = 0x0023_E383;
pub(super) const LANGUAGE: u32 = 0x0022_B59C;
pub(super) const LANGUAGE_BCP47: u32 = 0x0022_B59D;
pub(super) const CODEC_ID: u32 = 0x86;
pub(super) const CODEC_PRIVATE: u32 = 0x63A2;
pub(super) const CODEC_DELAY: u32 = 0x56AA;

pub(super) const VIDEO: u32 = 0xE0;
pub(super) const FLAG_INTERLACED: u32 = 0x9A;
pub(super) const PIXEL_WIDTH: u32 = 0xB0;
pub(super) const PIXEL_HEIGHT: u32 = 0xBA;
pub(super) const CROP_BOTTOM: u32 = 0x54AA;
pub(super) const CROP_TOP: u32 = 0x54BB;
pub(super) const CROP_LEFT: u32 = 0x54CC;
pub(super) const CROP_RIGHT: u32 = 0x54DD;
pub(super) const DISPLAY_WIDTH: u32 = 0x54B0;
pub(super) const DISPLAY_HEIGHT: u32 = 0x54BA;
pub(super) const DISPLAY_UNIT: u32 = 0x54B2;
pub(super) const UNCOMPRESSED_FOURCC: u32 = 0x002E_B524;
pub(super) const COLOR: u32 = 0x55B0;
pub(super) const MATRIX: u32 = 0x55B1;
pub(super) const CHROMA_SITING_VERT: u32 = 0x55B8;
pub(super) const CHROMA_SITING_HORZ: u32 = 0x55B7;
pub(super) const RANGE: u32 = 0x55B9;
pub(super) const TRANSFER: u32 = 0x55BA;
pub(super) const PRIMARIES: u32 = 0x55BB;
pub(super) const PROJECTION: u32 = 0x7670;
pub(super) const PROJECTION_TYPE: u32 = 0x7671;
pub(super) const POSE_YAW: u32 = 0x7673;
pub(super) const POSE_PITCH: u32 = 0x7674;
pub(super) const POSE_ROLL: u32 = 0x7675;

pub(super) const AUDIO: u32 = 0xE1;
pub(super) const SAMPLING_FREQUENCY: u32 = 0xB5;
pub(super) const OUTPUT_FREQUENCY: u32 = 0x78B5;
pub(super) const CHANNELS: u32 = 0x9F;
pub(super) const BIT_DEPTH: u32 = 0x6264;

pub(super) const CONTENT_ENCODINGS: u32 = 0x6D80;
pub(super) const CONTENT_ENCODING: u32 = 0x6240;
pub(super) const ENCODING_ORDER: u32 = 0x5031;
pub(super) const ENCODING_SCOPE: u32 = 0x5032;
pub(super) const ENCODING_TYPE: u32 = 0x5033;
pub(super) const COMPRESSION: u32 = 0x5034;
pub(super) const COMPRESSION_ALGORITHM: u32 = 0x4254;
pub(super) const COMPRESSION_SETTINGS: u32 = 0x4255;

pub(super) const CUES: u32 = 0x1C53_BB6B;
pub(super) const CHAPTERS: u32 = 0x1043_A770;
pub(super) const CHAPTER_ATOM: u32 = 0xB6;
pub(super) const EDITION: u32 = 0x45B9;
pub(super) const EDITION_HIDDEN: u32 = 0x45BD;
pub(super) const EDITION_DEFAULT: u32 = 0x45DB;
pub(super) const EDITION_ORDERED: u32 = 0x45DD;
pub(super) const CHAPTER_START: u32 = 0x91;
pub(super) const CHAPTER_END: u32 = 0x92;
pub(super) const CHAPTER_HIDDEN: u32 = 0x98;
pub(super) const CHAPTER_DISPLAY: u32 = 0x80;
pub(super) const CHAPTER_STRING: u32 = 0x85;

pub(super) const ATTACHMENTS: u32 = 0x1941_A469;
pub(super) const ATTACHED_FILE: u32 = 0x61A7;
pub(super) const FILE_NAME: u32 = 0x466E;
pub(super) const FILE_MEDIA_TYPE: u32 = 0x4660;
pub(super) const FILE_DATA: u32 = 0x465C;

pub(super) const TAGS: u32 = 0x1254_C367;
pub(super) const TAG: u32 = 0x7373;
pub(super) const TARGETS: u32 = 0x63C0;
pub(super) const TARGET_TYPE_VALUE: u32 = 0x68CA;
pub(super) const TAG_TRACK_UID: u32 = 0x63C5;
pub(super) const TAG_EDITION_UID: u32 = 0x63C9;
pub(super) const TAG_CHAPTER_UID: u32 = 0x63C4;
pub(super) const TAG_ATTACHMENT_UID: u32 = 0x63C6;
pub(super) const SIMPLE_TAG: u32 = 0x67C8;
pub(super) const TAG_NAME: u32 = 0x45A3;
pub(super) const TAG_STRING: u32 = 0x4487;

/// Returns true for child elements of a segment.
pub(super) const fn is_top_level(id: u32) -> bool {
    matches!(id, SEEK_HEAD | INFO | TRACKS | CLUSTER | CUES | CHAPTERS | ATTACHMENTS | TAGS)
}

/// Returns true for elements of a cluster without readable frames.
pub(super) const fn is_skipped_in_cluster(id: u32) -> bool {
    matches!(id, VOID | CRC_32 | POSITION | PREV_SIZE | SILENT_TRACKS | ENCRYPTED_BLOCK)
}
