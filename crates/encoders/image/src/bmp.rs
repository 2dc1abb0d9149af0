//! BMP: Windows bitmaps with 24 bits per pixel, or 8 bits of gray.

use reelwright_core::{
    CodecId, EncoderInfo, Error, Options, PixelFormat, Result, VideoColor, VideoEncoder,
    VideoEncoderInfo, VideoEncoderRequest, VideoView,
};

use crate::still::{Coder, StillEncoder, check_size};

const NAME: &str = "bmp";
/// Bytes of BITMAPFILEHEADER and BITMAPINFOHEADER.
const HEADERS: u32 = 14 + 40;

pub(crate) const ENCODER: VideoEncoderInfo = VideoEncoderInfo::new(
    EncoderInfo::new(NAME, "BMP (Windows and OS/2 bitmap)", CodecId::Bmp),
    &open,
)
.pixel_formats(&[PixelFormat::Bgr24, PixelFormat::Gray8])
.forced_keyframes(true)
.color(VideoColor::Untagged);

struct Bmp;

fn open(request: &VideoEncoderRequest, _: &mut Options) -> Result<Box<dyn VideoEncoder>> {
    check_size(NAME, request, i32::MAX as u32)?;
    let row = request
        .format
        .pixel_format
        .plane_size(0, request.format.width as usize, 1)
        .0
        .next_multiple_of(4);
    let size = row.checked_mul(request.format.height as usize).map(|size| size + 2048);
    if size.is_none_or(|size| u32::try_from(size).is_err()) {
        return Err(Error::unsupported(format!(
            "{NAME} supports frames of less than 4 GiB. Found: {}x{}",
            request.format.width, request.format.height
        )));
    }
    Ok(StillEncoder::boxed(request, Bmp))
}

impl Coder for Bmp {
    fn code(&mut self, frame: &VideoView<'_>, to: &mut Vec<u8>) -> Result<bool> {
        let is_gray = frame.format.pixel_format == PixelFormat::Gray8;
        let colors: u32 = if is_gray { 256 } else { 0 };
        let (bytes, rows) = frame.format.plane_size(0);
        let row = bytes.next_multiple_of(4);
        let start = HEADERS + 4 * colors;
        let image = (row * rows) as u32;
        to.extend(b"BM");
        to.extend((start + image).to_le_bytes());
        to.extend([0; 4]);
        to.extend(start.to_le_bytes());
        to.extend(40u32.to_le_bytes());
        to.extend((frame.format.width as i32).to_le_bytes());
        to.extend((frame.format.height as i32).to_le_bytes());
        to.extend([1, 0, if is_gray { 8 } else { 24 }, 0]);
        // No compression, and no resolution.
        to.extend([0; 4]);
        to.extend(image.to_le_bytes());
        to.extend([0; 8]);
        to.extend(colors.to_le_bytes());
        to.extend([0; 4]);
        to.extend((0..colors).flat_map(|gray| [gray as u8, gray as u8, gray as u8, 0]));
        // Rows are stored from bottom to top.
        let plane = frame.planes_of::<u8>()?[0];
        for y in (0..rows).rev() {
            to.extend_from_slice(plane.row(y, bytes));
            to.extend(std::iter::repeat_n(0, row - bytes));
        }
        Ok(true)
    }
}
