"""One-call helpers, which save whole files."""

from __future__ import annotations

import io
import itertools
import math
import os
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from . import _reelwright
from ._encoder import CodecConfig, StreamingMediaEncoder
from ._errors import ArgumentError, ChunkError, EncodingWarning, Error
from ._warnings import caller

if TYPE_CHECKING:
    from types import TracebackType

    from ._typing import Array, Destination, Options

_Axes = list[int | None]

# WAV and W64 keep the type of the samples, although their default is 16 bits.
_PCM = {
    "u8": "pcm_u8",
    "s16": "pcm_s16le",
    "s32": "pcm_s32le",
    "s64": "pcm_s64le",
    "flt": "pcm_f32le",
    "dbl": "pcm_f64le",
}
_PCM_FORMATS = ("wav", "w64")
_MAX_CHANNELS = 16
# Number of rows of a data set that are read at a time.
_ROWS = 1 << 16
_PIXEL_FORMATS = {1: "gray8", 3: "rgb24", 4: "rgba"}
_PIXEL_FORMATS_16_BITS = {1: "gray16le", 3: "rgb48le", 4: "rgba64le"}


def save_audio(
    dst: Destination,
    samples: Array | Iterable[Array],
    sample_rate: int,
    *,
    format: str | None = None,
    channels_first: bool = False,
    encoder: str | None = None,
    encoder_option: Options | None = None,
    encoder_sample_rate: int | None = None,
    encoder_num_channels: int | None = None,
    encoder_format: str | None = None,
    codec_config: CodecConfig | None = None,
    metadata: Options | None = None,
    option: Options | None = None,
) -> None:
    """Save audio as a file.

    Args:
        dst: A path, or a file-like object, as for :class:`reelwright.StreamingMediaEncoder`.
        samples: An array of shape (frame, channel), or (frame,) for one channel, or an iterable of
            consecutive arrays. A list of arrays of shape (channel,) is one array: each is a frame.
            The dtype is uint8, int16, int32, int64, float32 or float64 (within ±1). float16 and
            bfloat16 are converted. Data sets such as those of h5py are read in parts.
        sample_rate: Audio frames per second.
        format: Name of the format, or a file extension such as ``"m4a"``. The default depends on
            the file's extension.
        channels_first: True if the arrays have the shape (channel, frame), as for
            ``torchaudio.save``.
        encoder: Name of the encoder. The default depends on the format. WAV stores the type of the
            samples unless this or ``encoder_format`` is set.
        encoder_option: Options of the encoder.
        encoder_sample_rate: Sample rate to encode.
        encoder_num_channels: Number of channels to encode.
        encoder_format: Sample format to encode.
        codec_config: Common settings of all encoders, for example a bit rate.
        metadata: Metadata of the file: ``{"title": "A tone"}``.
        option: Options of the format. MP4 and related formats default to ``movflags=faststart``, so
            that the file can be read from a pipe.

    Raises:
        ArgumentError: There are no samples.
        reelwright.Error: As for :class:`reelwright.StreamingMediaEncoder`.

    >>> import numpy as np
    >>> save_audio("noise.wav", np.random.uniform(-1, 1, (48000, 2)).astype("f4"), 48000)
    """
    pieces = _audio_arrays(samples, channels_first)
    first = next(pieces, None)
    if first is None:
        raise ArgumentError("`samples` must have at least one sample. Found none.")
    format, _ = _format(format)
    encoder_ = StreamingMediaEncoder(dst, format)
    if metadata is not None:
        encoder_.set_metadata(metadata)
    name = _format_of(dst, format)
    if encoder is None and encoder_format is None and name in _PCM_FORMATS:
        encoder = _PCM[first.format]
    encoder_.add_audio_stream(
        sample_rate,
        first.channels,
        first.format,
        encoder=encoder,
        encoder_option=encoder_option,
        encoder_sample_rate=encoder_sample_rate,
        encoder_num_channels=encoder_num_channels,
        encoder_format=encoder_format,
        codec_config=codec_config,
    )
    with _OpenEncoder(encoder_, _with_fast_start(name, option)) as file:
        for piece in itertools.chain((first,), pieces):
            piece.write(encoder_, 0, 0, piece.frames)
            file.has_content = True


def save_video(
    dst: Destination,
    frames: Array | Iterable[Array],
    frame_rate: float,
    *,
    format: str | None = None,
    pixel_format: str | None = None,
    channels_last: bool | None = None,
    encoder: str | None = None,
    encoder_option: Options | None = None,
    encoder_frame_rate: float | None = None,
    encoder_width: int | None = None,
    encoder_height: int | None = None,
    encoder_format: str | None = None,
    codec_config: CodecConfig | None = None,
    audio: Array | Iterable[Array] | None = None,
    sample_rate: int | None = None,
    channels_first: bool = False,
    audio_encoder: str | None = None,
    audio_codec_config: CodecConfig | None = None,
    metadata: Options | None = None,
    option: Options | None = None,
    value_range: tuple[float, float] | None = None,
) -> None:
    """Save frames as a file, optionally with audio.

    Args:
        dst: A path, or a file-like object, as for :class:`reelwright.StreamingMediaEncoder`.
        frames: An array of uint8 or uint16 of shape (frame, channel, height, width) or (frame,
            height, width, channel), or an iterable of such arrays or of single frames, without the
            first dimension. An iterable is consumed frame by frame. PIL images are converted to the
            mode of the first one: L, RGB or RGBA.
        frame_rate: Frames per second.
        format: Name of the format, or a file extension such as ``"m4v"``. The default depends on
            the file's extension.
        pixel_format: Pixel format of the frames. The default for 1, 3 and 4 channels is
            ``"gray8"``, ``"rgb24"`` and ``"rgba"`` with straight alpha; for uint16, ``"gray16le"``,
            ``"rgb48le"`` and ``"rgba64le"``.
        channels_last: True if the channels are the last dimension. The default depends on the
            shape.
        encoder: Name of the video encoder. The default depends on the format.
        encoder_option: Options of the video encoder.
        encoder_frame_rate: Frames per second to encode.
        encoder_width: Width to encode, in pixels.
        encoder_height: Height to encode, in pixels.
        encoder_format: Pixel format to encode.
        codec_config: Common settings of all encoders, for example a bit rate.
        audio: Samples, as for :func:`save_audio`, which start with the first frame.
        sample_rate: Audio frames per second of ``audio``.
        channels_first: True if ``audio`` has the shape (channel, frame).
        audio_encoder: Name of the audio encoder. The default depends on the format.
        audio_codec_config: Common settings, for the audio encoder.
        metadata: Metadata of the file.
        option: Options of the format, as for :func:`save_audio`.
        value_range: Values of black and white in frames of floats, for example ``(0, 1)``.
            They are converted to uint8. Without it, frames of floats are an error.

    Raises:
        ArgumentError: There are no frames.
        reelwright.Error: As for :class:`reelwright.StreamingMediaEncoder`.

    >>> import numpy as np
    >>> save_video("gray.mp4", (np.full((3, 64, 64), i, "u1") for i in range(50)), 25)
    """
    if (audio is None) != (sample_rate is None):
        raise ArgumentError("`audio` and `sample_rate` must be given together.")
    chunks = _video_arrays(frames, channels_last, value_range)
    video = next(chunks, None)
    if video is None:
        raise ArgumentError("`frames` must have at least one frame. Found none.")
    format, image_codec = _format(format)
    encoder_ = StreamingMediaEncoder(dst, format)
    if metadata is not None:
        encoder_.set_metadata(metadata)
    video_stream = encoder_.add_video_stream(
        frame_rate,
        video.width,
        video.height,
        pixel_format or video.pixel_format,
        encoder=encoder or image_codec,
        encoder_option=encoder_option,
        encoder_frame_rate=encoder_frame_rate,
        encoder_width=encoder_width,
        encoder_height=encoder_height,
        encoder_format=encoder_format,
        codec_config=codec_config,
    )
    audio_feed = None
    if audio is not None and sample_rate is not None:
        pieces = _audio_arrays(audio, channels_first)
        first = next(pieces, None)
        if first is None:
            raise ArgumentError("`audio` must have at least one sample. Found none. Omit the argument.")
        audio_stream = encoder_.add_audio_stream(
            sample_rate,
            first.channels,
            first.format,
            encoder=audio_encoder,
            codec_config=audio_codec_config,
        )
        audio_feed = _AudioFeed(encoder_, audio_stream, itertools.chain((first,), pieces))
    name = _format_of(dst, format)
    with _OpenEncoder(encoder_, _with_fast_start(name, option)) as file:
        shown = 0
        # About a second at a time, because the muxer buffers the stream that is ahead.
        step = max(1, int(frame_rate))
        for video in itertools.chain((video,), chunks):
            for start in range(0, video.frames, step):
                end = min(start + step, video.frames)
                video.write(encoder_, video_stream, start, end)
                file.has_content = True
                shown += end - start
                if audio_feed is not None and sample_rate is not None:
                    audio_feed.write_until(int(shown / frame_rate * sample_rate))
        if audio_feed is not None:
            audio_feed.write_until(None)


def to_bytes(
    format: str,
    *,
    samples: Array | Iterable[Array] | None = None,
    sample_rate: int | None = None,
    frames: Array | Iterable[Array] | None = None,
    frame_rate: float | None = None,
    **options: object,
) -> bytes:
    """Return the bytes of a file with audio, video or both.

    Args:
        format: Name of the format or a file extension, for example ``"flac"`` or ``"m4a"``.
        samples: Audio, as for :func:`save_audio`.
        sample_rate: Audio frames per second.
        frames: Video frames, as for :func:`save_video`.
        frame_rate: Video frames per second.
        options: Other arguments of :func:`save_video` if there are frames, otherwise of
            :func:`save_audio`.

    >>> import numpy as np
    >>> to_bytes("flac", samples=np.zeros(16000, "i2"), sample_rate=16000)[:4]
    b'fLaC'
    """
    file = io.BytesIO()
    if frames is not None and frame_rate is not None:
        if samples is not None:
            options["audio"] = samples
        save_video(file, frames, frame_rate, format=format, sample_rate=sample_rate, **options)  # type: ignore[arg-type]
    elif samples is not None and sample_rate is not None and frames is None and frame_rate is None:
        save_audio(file, samples, sample_rate, format=format, **options)  # type: ignore[arg-type]
    else:
        raise ArgumentError(
            "Pass `samples` with `sample_rate`, `frames` with `frame_rate`, or all of them."
        )
    return file.getvalue()


class _OpenEncoder:
    """Context of an open encoder. After an interrupt, the file is completed without the frames that
    encoders still hold. If the first chunk fails, there is no file to complete: a file object that
    can discard its content does so."""

    def __init__(self, encoder: StreamingMediaEncoder, option: Options | None) -> None:
        self._encoder = encoder
        self.has_content = False
        encoder.open(option)

    def __enter__(self) -> _OpenEncoder:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if isinstance(exception_value, Exception) and not self.has_content:
                self._discard()
                return
            if exception_value is None or isinstance(exception_value, Exception):
                self._encoder.__exit__(exception_type, exception_value, traceback)
                return
        except Exception:
            raise
        except BaseException:
            self._abandon()
            raise
        self._abandon()

    def _discard(self) -> None:
        has_failed = self._encoder._has_failed()
        try:
            self._encoder._discard()
        except Error:
            # The propagating exception is the failure.
            if not has_failed:
                raise

    def _abandon(self) -> None:
        try:
            self._encoder._abandon()
        except (Error, OSError):
            # The interrupt is propagating.
            pass


def _format(format: str | None) -> tuple[str | None, str | None]:
    """Return the name of a format or extension, and the codec of an image format."""
    found = None if format is None else _reelwright.find_format(format)
    return found or (format, None)


def _format_of(dst: object, format: str | None) -> str | None:
    """Return the name of the output format."""
    if format is not None:
        return format
    path: Any = getattr(dst, "path", None) if hasattr(dst, "fs") else dst
    try:
        extension = os.path.splitext(os.fsdecode(path))[1].lstrip(".")
    except TypeError:
        return None
    found = _reelwright.find_format(extension) if extension else None
    return found[0] if found else None


def _with_fast_start(name: str | None, option: Options | None) -> Options | None:
    """Return the options of the format, with fast start if the format supports it."""
    if name is None or "movflags" in (option or {}):
        return option
    if not any(known == "movflags" for known, _ in _reelwright.describe("muxer", name)):
        return option
    return {**(option or {}), "movflags": "faststart"}


def _is_lazy(value: Any) -> bool:
    """Return true for objects that are read only on conversion to an array, such as data sets."""
    return (
        hasattr(value, "shape")
        and hasattr(value, "__array__")
        and not hasattr(value, "__dlpack__")
        and not hasattr(value, "__array_interface__")
    )


def _is_array(value: object) -> bool:
    if hasattr(value, "__dlpack__") or hasattr(value, "__array_interface__") or _is_lazy(value):
        return True
    try:
        memoryview(value)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True


def _chunks(value: Array | Iterable[Array]) -> Iterator[Array]:
    if _is_array(value) or not isinstance(value, Iterable):
        return iter((value,))  # type: ignore[arg-type]
    return iter(value)


def _sliced(array: Any, first_is_frame: bool) -> Iterator[Array]:
    """Yield an array, or parts of one that is read from a file."""
    if not _is_lazy(array):
        yield array
        return
    if len(array.shape) == 0:
        raise ChunkError("Expected samples of shape (frame, channel) or (frame,). Found []")
    _reject_missing(array)
    if not first_is_frame or not hasattr(array, "__getitem__"):
        yield array.__array__()
    else:
        for start in range(0, array.shape[0], _ROWS):
            yield array[start : start + _ROWS].__array__()


def _reject_missing(array: Any) -> None:
    """Reject a table with missing integers: its array would be floats with another scale."""
    own = getattr(getattr(array, "dtype", None), "kind", None)
    if own in ("i", "u") and bool(getattr(array, "hasnans", False)):
        raise ChunkError(
            f"Expected samples without missing values. Found some in data of type {array.dtype}. "
            "Fill them first, for example with fillna(0)."
        )


def _audio_arrays(samples: Array | Iterable[Array], channels_first: bool) -> Iterator[_AudioArray]:
    """Yield the non-empty arrays of samples."""
    chunks = _chunks(samples)
    if isinstance(samples, list | tuple) and _are_frames(samples):
        chunks = iter(())
        for frame in samples:
            yield _AudioArray(frame, channels_first, is_frame=True)
    elif not _is_array(samples) and not isinstance(samples, list | tuple):
        head = list(itertools.islice(chunks, 2))
        if _are_frames(head):
            channels = _reelwright.inspect(head[0])[1][0]
            raise ChunkError(
                f"Expected samples of shape {_axis_order(channels_first)}, or (frame,) for one channel. "
                f"Found an iterable of arrays of shape ({channels},). Pass arrays of shape "
                f"(1, {channels}) if each is a frame, or ({channels}, 1) if there is one channel."
            )
        chunks = itertools.chain(head, chunks)
    for chunk in chunks:
        for array in _sliced(chunk, not channels_first or len(_shape(chunk)) == 1):
            audio = _AudioArray(array, channels_first)
            if audio.frames > 0:
                yield audio


def _shape(array: Any) -> tuple[int, ...]:
    return tuple(array.shape) if _is_lazy(array) else _reelwright.inspect(array)[1]


def _are_frames(arrays: list[Array] | tuple[Array, ...]) -> bool:
    """Return true if each array is one frame, because all have the length of a frame."""
    if len(arrays) < 2 or not all(map(_is_array, arrays)):
        return False
    shapes = {_shape(array) for array in arrays}
    first = next(iter(shapes))
    return len(shapes) == 1 and len(first) == 1 and 2 <= first[0] <= _MAX_CHANNELS


class _AudioArray:
    """An array of samples, with its axes of frames and channels."""

    def __init__(self, samples: Array, channels_first: bool, is_frame: bool = False) -> None:
        self.array = samples
        self.format, shape = _reelwright.inspect(samples)
        if self.format == "u16":
            raise ChunkError(
                "Expected Byte, Short, Int, Long, Float or Double type. Found: UInt16. Convert the "
                "array first, for example to float32."
            )
        self.axes: _Axes
        if is_frame:
            self.axes, self.frames, self.channels = [None, 0], 1, shape[0]
        elif len(shape) == 1:
            self.axes, self.frames, self.channels = [0, None], shape[0], 1
        elif len(shape) == 2:
            self.axes = [1, 0] if channels_first else [0, 1]
            self.frames, self.channels = reversed(shape) if channels_first else shape
            if self.channels > _MAX_CHANNELS and self.channels > self.frames:
                raise ChunkError(
                    f"Expected samples of shape {_axis_order(channels_first)}. Found {list(shape)}, with "
                    f"{self.channels} channels. Pass channels_first={not channels_first} if it is "
                    f"{_axis_order(not channels_first)}."
                )
        else:
            raise ChunkError(
                f"Expected samples of shape {_axis_order(channels_first)} or (frame,). Found {list(shape)}"
            )

    def write(self, encoder: StreamingMediaEncoder, stream: int, start: int, end: int) -> None:
        encoder._write_audio(stream, self.array, self.axes, (start, end))


def _axis_order(channels_first: bool) -> str:
    return "(channel, frame)" if channels_first else "(frame, channel)"


class _AudioFeed:
    """Writes audio samples up to the time of the video."""

    def __init__(
        self, encoder: StreamingMediaEncoder, stream: int, pieces: Iterator[_AudioArray]
    ) -> None:
        self._encoder, self._stream, self._pieces = encoder, stream, pieces
        self._piece: _AudioArray | None = None
        # Numbers of samples that were written, in total and of the piece.
        self._written = self._at = 0

    def write_until(self, until: int | None) -> None:
        """Write the samples before number ``until``, or all."""
        while until is None or self._written < until:
            if self._piece is None:
                self._piece, self._at = next(self._pieces, None), 0
                if self._piece is None:
                    return
            end = self._piece.frames
            if until is not None:
                end = min(end, self._at + until - self._written)
            self._piece.write(self._encoder, self._stream, self._at, end)
            self._written += end - self._at
            self._at = end
            if end == self._piece.frames:
                self._piece = None


def _video_arrays(
    frames: Any, channels_last: bool | None, value_range: tuple[float, float] | None
) -> Iterator[_VideoArray]:
    """Yield the non-empty arrays of frames."""
    mode: str | None = None
    has_warned = False
    is_alone = _is_array(frames)
    if is_alone and not _is_image(frames):
        _reject_ambiguous(_shape(frames), channels_last)
    for chunk in _chunks(frames):
        if _is_image(chunk):
            own = _mode_of(chunk)
            mode = mode or own
            if own == "RGBA" and mode != "RGBA" and not has_warned:
                # The mode of the first image has no alpha.
                _warn_of_alpha()
                has_warned = True
            chunk, has_last = _image(chunk, mode), True
        else:
            has_last = channels_last  # type: ignore[assignment]
        video = _VideoArray(chunk, has_last, value_range)
        if video.frames > 0:
            yield video


def _is_image(value: Any) -> bool:
    """Return true for a PIL image. The mode determines the meaning of its array."""
    return type(value).__module__.partition(".")[0] == "PIL" or (
        hasattr(value, "mode") and hasattr(value, "getbands") and hasattr(value, "convert")
    )


def _mode_of(image: Any) -> str:
    """Return the mode to which images are converted."""
    if image.mode in ("1", "L"):
        return "L"
    has_alpha = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    return "RGBA" if has_alpha else "RGB"


def _warn_of_alpha() -> None:
    warnings.warn(
        "The alpha of an image is dropped, because the first image has none. Convert the first one to "
        "mode RGBA to keep it.",
        EncodingWarning,
        stacklevel=caller(),
    )


def _image(image: Any, mode: str) -> Any:
    """Convert an image to an array of shape (height, width, channel)."""
    # Pillow converts premultiplied alpha only to straight alpha of the same mode.
    premultiplied = {"La": "LA", "RGBa": "RGBA"}.get(image.mode)
    if premultiplied is not None:
        image = image.convert(premultiplied)
    if image.mode.startswith(("I", "F")):
        raise ChunkError(
            f"Expected an 8-bit image. Found mode {image.mode}. Convert it first, so that its "
            "values are from 0 to 255, for example with image.point and image.convert."
        )
    data = image.convert(mode).tobytes()
    shape = (image.height, image.width, len(mode))
    return memoryview(data).cast("B", shape) if data else memoryview(data)


def _reject_ambiguous(shape: tuple[int, ...], channels_last: bool | None) -> None:
    """Reject an array that may be one color frame or several gray frames."""
    if len(shape) == 2:
        height, width = shape
        raise ChunkError(
            "Expected frames of shape (frame, channel, height, width) or (frame, height, width, "
            f"channel). Found {list(shape)}. Pass a gray frame as (1, 1, {height}, {width}), for "
            "example frames[None, None]."
        )
    if len(shape) != 3 or channels_last is not None:
        return
    if shape[-1] in _PIXEL_FORMATS and shape[0] not in _PIXEL_FORMATS:
        return
    number, height, width = shape
    if number == 1:
        return
    color = (
        f"one frame of {number} channels as (1, {number}, {height}, {width}), for example "
        "frames[None], and "
        if number in _PIXEL_FORMATS
        else ""
    )
    raise ChunkError(
        "Expected frames of shape (frame, channel, height, width) or (frame, height, width, "
        f"channel). Found {list(shape)}. Pass {color}{number} gray frames, such as masks, as "
        f"({number}, 1, {height}, {width}), for example frames[:, None]."
    )


class _VideoArray:
    """An array of frames, with its axes."""

    def __init__(
        self,
        frames: Any,
        channels_last: bool | None,
        value_range: tuple[float, float] | None = None,
    ) -> None:
        self.array = frames
        shape = _shape(frames)
        is_lazy = _is_lazy(frames)
        self.is_lazy = is_lazy and len(shape) == 4 and hasattr(frames, "__getitem__")
        if is_lazy and not self.is_lazy:
            self.array = frames.__array__()
        sample = frames[0:1].__array__() if self.is_lazy else self.array
        format, _ = _reelwright.inspect(sample)
        self.value_range = None
        if format in ("flt", "dbl") and value_range is not None:
            try:
                low, high = map(float, value_range)
            except (TypeError, ValueError):
                low = high = math.nan
            if not (low < high and math.isfinite(high - low)):
                raise ArgumentError(
                    "value_range must be two finite numbers, black and white, and white must be "
                    f"larger than black. Found: {value_range}"
                )
            self.value_range = low, high
        elif format not in ("u8", "u16"):
            raise ChunkError(
                f"Expected frames of uint8 or uint16. Found: {format}. Pass value_range=(0, 1) for floats "
                "from 0 to 1, or convert them: (255 * frames).round().astype('uint8') with numpy, "
                "(255 * frames).round().to(torch.uint8) with torch."
            )
        if len(shape) not in (3, 4):
            raise ChunkError(
                "Expected frames of shape (frame, channel, height, width) or (frame, height, "
                f"width, channel), or one frame without the first dimension. Found {list(shape)}."
                + (
                    f" Pass a gray frame as (1, {shape[0]}, {shape[1]}), for example frame[None]."
                    if len(shape) == 2
                    else ""
                )
            )
        self.is_single = len(shape) == 3
        lead: _Axes = [None] if self.is_single else [0]
        self.frames = 1 if self.is_single else shape[0]
        at = len(shape) - 3
        if channels_last is None:
            channels_last = shape[at] not in _PIXEL_FORMATS and shape[-1] in _PIXEL_FORMATS
        rest: _Axes = [at + 2, at, at + 1] if channels_last else [at, at + 1, at + 2]
        self.axes = lead + rest
        self.channels, self.height, self.width = (shape[axis] for axis in rest if axis is not None)
        if self.channels not in _PIXEL_FORMATS:
            raise ChunkError(f"Expected frames of 1, 3 or 4 channels. Found {list(shape)}")
        is_deep = format == "u16"
        self.pixel_format = (_PIXEL_FORMATS_16_BITS if is_deep else _PIXEL_FORMATS)[self.channels]

    def write(self, encoder: StreamingMediaEncoder, stream: int, start: int, end: int) -> None:
        array: Any = self.array
        if self.is_lazy:
            array, start, end = array[start:end].__array__(), 0, end - start
        if self.value_range is not None:
            shape = list(_reelwright.inspect(array)[1])
            rows = (0, shape[0]) if self.is_single else (start, end)
            data = _reelwright.quantize(array, rows, *self.value_range)
            if not self.is_single:
                shape[0], start, end = end - start, 0, end - start
            array = memoryview(data).cast("B", shape)
        encoder._write_video(stream, array, self.axes, (start, end))


for _function in (save_audio, save_video, to_bytes):
    _function.__module__ = "reelwright"
