"""Whole files in one call, for who needs no stream."""

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

# WAV and its kin keep what they are given; their default is 16 bits.
_PCM = {
    "u8": "pcm_u8",
    "s16": "pcm_s16le",
    "s32": "pcm_s32le",
    "s64": "pcm_s64le",
    "flt": "pcm_f32le",
    "dbl": "pcm_f64le",
}
_PCM_FORMATS = ("wav", "w64")
_MOST_CHANNELS = 16
# Rows of a data set that are read from its file at a time.
_ROWS = 1 << 16
_COLOURS = {1: "gray8", 3: "rgb24", 4: "rgba"}
_DEEP_COLOURS = {1: "gray16le", 3: "rgb48le", 4: "rgba64le"}


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
        dst: A path, or a file-like object, as of :class:`reelwright.StreamingMediaEncoder`.
        samples: An array of shape (frame, channel), or (frame,) of one channel, or an iterable of
            such arrays, which follow each other. A list of arrays of shape (channel,) is one array,
            each of them a frame. Of uint8, int16, int32, int64, float32 or float64 (within ±1);
            float16 and bfloat16 are converted. A data set of h5py and the like is read piece by
            piece.
        sample_rate: Frames per second.
        format: Name of the format, or a file's extension, as ``"m4a"``; the file's own extension
            tells it unless given.
        channels_first: Whether the arrays have the shape (channel, frame), as those of
            ``torchaudio.save``.
        encoder: Name of the encoder; the format's default unless given. In WAV the samples are
            stored in their own type unless this or ``encoder_format`` says otherwise.
        encoder_option: Options of the encoder.
        encoder_sample_rate: The rate to encode at.
        encoder_num_channels: The channels to encode.
        encoder_format: The sample format to encode.
        codec_config: What all encoders can be told, for example a bit rate.
        metadata: What the file says of itself: ``{"title": "A tone"}``.
        option: Options of the format. MP4 and its kin are written with ``movflags=faststart``
            unless this says otherwise, so that pipes can read them.

    Raises:
        ArgumentError: There is no sample to save.
        reelwright.Error: As of :class:`reelwright.StreamingMediaEncoder`.

    >>> import numpy as np
    >>> save_audio("noise.wav", np.random.uniform(-1, 1, (48000, 2)).astype("f4"), 48000)
    """
    pieces = _sound(samples, channels_first)
    first = next(pieces, None)
    if first is None:
        raise ArgumentError("There is nothing to save: `samples` has no sample.")
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
    with _Open(encoder_, _with_fast_start(name, option)) as file:
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
    """Save frames as a file, with audio if there is some.

    Args:
        dst: A path, or a file-like object, as of :class:`reelwright.StreamingMediaEncoder`.
        frames: An array of uint8 or uint16 of shape (frame, channel, height, width) or (frame, height,
            width, channel), or an iterable of such arrays or of single frames, without the first
            dimension. An iterable is consumed frame by frame. Images of PIL are converted to the
            mode of the first one: L, RGB or RGBA.
        frame_rate: Frames per second.
        format: Name of the format, or a file's extension, as ``"m4v"``; the file's own extension
            tells it unless given.
        pixel_format: What the channels are. Unless given, 1 is ``"gray8"``, 3 are ``"rgb24"`` and
            4 are ``"rgba"`` with straight alpha; of uint16 they are ``"gray16le"``, ``"rgb48le"``
            and ``"rgba64le"``.
        channels_last: Whether the channels are the last dimension. Unless given, the shape tells.
        encoder: Name of the video encoder; the format's default unless given.
        encoder_option: Options of the video encoder.
        encoder_frame_rate: Pictures per second to encode.
        encoder_width: Width to encode, in pixels.
        encoder_height: Height to encode, in pixels.
        encoder_format: The pixel format to encode.
        codec_config: What all encoders can be told, for example a bit rate.
        audio: Samples, as of :func:`save_audio`, which start with the first frame.
        sample_rate: Frames per second of ``audio``.
        channels_first: Whether ``audio`` has the shape (channel, frame).
        audio_encoder: Name of the audio encoder; the format's default unless given.
        audio_codec_config: What the audio encoder is told.
        metadata: What the file says of itself.
        option: Options of the format, as of :func:`save_audio`.
        value_range: What is black and what is white in frames of floats, for example ``(0, 1)``.
            They are converted to uint8; without this they are refused.

    Raises:
        ArgumentError: There is no frame to save.
        reelwright.Error: As of :class:`reelwright.StreamingMediaEncoder`.

    >>> import numpy as np
    >>> save_video("grey.mp4", (np.full((3, 64, 64), i, "u1") for i in range(50)), 25)
    """
    if (audio is None) != (sample_rate is None):
        raise ArgumentError("`audio` and `sample_rate` must be given together.")
    chunks = _pictures(frames, channels_last, value_range)
    pictures = next(chunks, None)
    if pictures is None:
        raise ArgumentError("There is nothing to save: `frames` has no frame.")
    format, picture_codec = _format(format)
    encoder_ = StreamingMediaEncoder(dst, format)
    if metadata is not None:
        encoder_.set_metadata(metadata)
    video_stream = encoder_.add_video_stream(
        frame_rate,
        pictures.width,
        pictures.height,
        pixel_format or pictures.pixel_format,
        encoder=encoder or picture_codec,
        encoder_option=encoder_option,
        encoder_frame_rate=encoder_frame_rate,
        encoder_width=encoder_width,
        encoder_height=encoder_height,
        encoder_format=encoder_format,
        codec_config=codec_config,
    )
    feed = None
    if audio is not None and sample_rate is not None:
        pieces = _sound(audio, channels_first)
        first = next(pieces, None)
        if first is None:
            raise ArgumentError("There is no sample in `audio`. Leave it out.")
        audio_stream = encoder_.add_audio_stream(
            sample_rate,
            first.channels,
            first.format,
            encoder=audio_encoder,
            codec_config=audio_codec_config,
        )
        feed = _Feed(encoder_, audio_stream, itertools.chain((first,), pieces))
    name = _format_of(dst, format)
    with _Open(encoder_, _with_fast_start(name, option)) as file:
        shown = 0
        # About a second of each at a time, as what is ahead of the other has to wait in memory.
        step = max(1, int(frame_rate))
        for pictures in itertools.chain((pictures,), chunks):
            for start in range(0, pictures.frames, step):
                end = min(start + step, pictures.frames)
                pictures.write(encoder_, video_stream, start, end)
                file.has_content = True
                shown += end - start
                if feed is not None and sample_rate is not None:
                    feed.write_until(int(shown / frame_rate * sample_rate))
        if feed is not None:
            feed.write_until(None)


def to_bytes(
    format: str,
    *,
    samples: Array | Iterable[Array] | None = None,
    sample_rate: int | None = None,
    frames: Array | Iterable[Array] | None = None,
    frame_rate: float | None = None,
    **options: object,
) -> bytes:
    """The bytes of a file, of sound, pictures or both.

    Args:
        format: Name of the format or a file's extension, for example ``"flac"`` or ``"m4a"``.
        samples: Audio, as of :func:`save_audio`.
        sample_rate: Frames of sound per second.
        frames: Pictures, as of :func:`save_video`.
        frame_rate: Pictures per second.
        options: What else :func:`save_audio` takes, or with pictures :func:`save_video`.

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


class _Open:
    """An encoder while it is open. Whoever interrupts it does not wait for what encoders hold: the
    file is completed with what is there. After an error with the first chunk there is no file to
    complete: a file object that can discard what it holds does so."""

    def __init__(self, encoder: StreamingMediaEncoder, option: Options | None) -> None:
        self._encoder = encoder
        self.has_content = False
        encoder.open(option)

    def __enter__(self) -> _Open:
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
            # The failure is what is on its way.
            if not has_failed:
                raise

    def _abandon(self) -> None:
        try:
            self._encoder._abandon()
        except (Error, OSError):
            # The interrupt is what is on its way.
            pass


def _format(format: str | None) -> tuple[str | None, str | None]:
    """The format of a name that people use, and the codec where it is one of pictures."""
    found = None if format is None else _reelwright.find_format(format)
    return found or (format, None)


def _format_of(dst: object, format: str | None) -> str | None:
    """The name of the format that is written."""
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
    """The options of the format, and fast start where it can have that."""
    if name is None or "movflags" in (option or {}):
        return option
    if not any(known == "movflags" for known, _ in _reelwright.describe("muxer", name)):
        return option
    return {**(option or {}), "movflags": "faststart"}


def _is_lazy(value: Any) -> bool:
    """Whether a value becomes an array only when it is asked to, as data sets in files do."""
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
    """An array, or the pieces of one that is read from a file."""
    if not _is_lazy(array):
        yield array
        return
    if len(array.shape) == 0:
        raise ChunkError("Expected samples of shape (frame, channel) or (frame,). Found []")
    _refuse_missing(array)
    if not first_is_frame or not hasattr(array, "__getitem__"):
        yield array.__array__()
    else:
        for start in range(0, array.shape[0], _ROWS):
            yield array[start : start + _ROWS].__array__()


def _refuse_missing(array: Any) -> None:
    """Refuse a table whose integers have holes: as an array they would be floats of another scale."""
    own = getattr(getattr(array, "dtype", None), "kind", None)
    if own in ("i", "u") and bool(getattr(array, "hasnans", False)):
        raise ChunkError(
            f"Expected samples without missing values. Found some in data of type {array.dtype}. "
            "Fill them first, for example with fillna(0)."
        )


def _sound(samples: Array | Iterable[Array], channels_first: bool) -> Iterator[_Sound]:
    """The arrays of samples that have any."""
    chunks = _chunks(samples)
    if isinstance(samples, list | tuple) and _are_frames(samples):
        chunks = iter(())
        for frame in samples:
            yield _Sound(frame, channels_first, is_frame=True)
    elif not _is_array(samples) and not isinstance(samples, list | tuple):
        head = list(itertools.islice(chunks, 2))
        if _are_frames(head):
            channels = _reelwright.inspect(head[0])[1][0]
            raise ChunkError(
                f"Expected samples of shape {_order(channels_first)}, or (frame,) of one channel. "
                f"Found an iterable of arrays of shape ({channels},). Pass them as "
                f"(1, {channels}) if each is a frame, or as ({channels}, 1) if they are of one "
                "channel."
            )
        chunks = itertools.chain(head, chunks)
    for chunk in chunks:
        for array in _sliced(chunk, not channels_first or len(_shape(chunk)) == 1):
            sound = _Sound(array, channels_first)
            if sound.frames > 0:
                yield sound


def _shape(array: Any) -> tuple[int, ...]:
    return tuple(array.shape) if _is_lazy(array) else _reelwright.inspect(array)[1]


def _are_frames(arrays: list[Array] | tuple[Array, ...]) -> bool:
    """Whether arrays are as long as a frame has channels, and so are one each."""
    if len(arrays) < 2 or not all(map(_is_array, arrays)):
        return False
    shapes = {_shape(array) for array in arrays}
    first = next(iter(shapes))
    return len(shapes) == 1 and len(first) == 1 and 2 <= first[0] <= _MOST_CHANNELS


class _Sound:
    """An array of samples, and which of its axes are frames and channels."""

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
            if self.channels > _MOST_CHANNELS and self.channels > self.frames:
                raise ChunkError(
                    f"Expected samples of shape {_order(channels_first)}. Found {list(shape)}, with "
                    f"{self.channels} channels. Pass channels_first={not channels_first} if it is "
                    f"{_order(not channels_first)}."
                )
        else:
            raise ChunkError(
                f"Expected samples of shape {_order(channels_first)} or (frame,). Found {list(shape)}"
            )

    def write(self, encoder: StreamingMediaEncoder, stream: int, start: int, end: int) -> None:
        encoder._write_audio(stream, self.array, self.axes, (start, end))


def _order(channels_first: bool) -> str:
    return "(channel, frame)" if channels_first else "(frame, channel)"


class _Feed:
    """Samples that are written as far as frames of video are."""

    def __init__(
        self, encoder: StreamingMediaEncoder, stream: int, pieces: Iterator[_Sound]
    ) -> None:
        self._encoder, self._stream, self._pieces = encoder, stream, pieces
        self._piece: _Sound | None = None
        # What was written of all, and of the piece.
        self._heard = self._at = 0

    def write_until(self, until: int | None) -> None:
        """Write the samples up to this one, or all."""
        while until is None or self._heard < until:
            if self._piece is None:
                self._piece, self._at = next(self._pieces, None), 0
                if self._piece is None:
                    return
            end = self._piece.frames
            if until is not None:
                end = min(end, self._at + until - self._heard)
            self._piece.write(self._encoder, self._stream, self._at, end)
            self._heard += end - self._at
            self._at = end
            if end == self._piece.frames:
                self._piece = None


def _pictures(
    frames: Any, channels_last: bool | None, value_range: tuple[float, float] | None
) -> Iterator[_Pictures]:
    """The arrays of frames that have any."""
    mode: str | None = None
    has_warned = False
    is_alone = _is_array(frames)
    if is_alone and not _is_image(frames):
        _refuse_ambiguous(_shape(frames), channels_last)
    for chunk in _chunks(frames):
        if _is_image(chunk):
            own = _mode_of(chunk)
            mode = mode or own
            if own == "RGBA" and mode != "RGBA" and not has_warned:
                # The first image decides, and this one has more.
                _warn_of_alpha()
                has_warned = True
            chunk, has_last = _image(chunk, mode), True
        else:
            has_last = channels_last  # type: ignore[assignment]
        pictures = _Pictures(chunk, has_last, value_range)
        if pictures.frames > 0:
            yield pictures


def _is_image(value: Any) -> bool:
    """Whether it is an image of PIL, whose arrays mean different things in each mode."""
    return type(value).__module__.partition(".")[0] == "PIL" or (
        hasattr(value, "mode") and hasattr(value, "getbands") and hasattr(value, "convert")
    )


def _mode_of(image: Any) -> str:
    """The mode to convert images to."""
    if image.mode in ("1", "L"):
        return "L"
    has_alpha = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    return "RGBA" if has_alpha else "RGB"


def _warn_of_alpha() -> None:
    warnings.warn(
        "The alpha of an image is left out, as the first image has none. Convert the first one to "
        "mode RGBA to keep it.",
        EncodingWarning,
        stacklevel=caller(),
    )


def _image(image: Any, mode: str) -> Any:
    """An image as an array of shape (height, width, channel)."""
    # Pillow converts images with premultiplied alpha to those without it only.
    premultiplied = {"La": "LA", "RGBa": "RGBA"}.get(image.mode)
    if premultiplied is not None:
        image = image.convert(premultiplied)
    if image.mode.startswith(("I", "F")):
        raise ChunkError(
            f"Expected an image of 8 bits. Found mode {image.mode}. Convert it first, so that its "
            "values are from 0 to 255, for example with image.point and image.convert."
        )
    data = image.convert(mode).tobytes()
    shape = (image.height, image.width, len(mode))
    return memoryview(data).cast("B", shape) if data else memoryview(data)


def _refuse_ambiguous(shape: tuple[int, ...], channels_last: bool | None) -> None:
    """Refuse an array that may be one frame of colour or several of gray."""
    if len(shape) == 2:
        height, width = shape
        raise ChunkError(
            "Expected frames of shape (frame, channel, height, width) or (frame, height, width, "
            f"channel). Found {list(shape)}. Pass a gray frame as (1, 1, {height}, {width}), for "
            "example frames[None, None]."
        )
    if len(shape) != 3 or channels_last is not None:
        return
    if shape[-1] in _COLOURS and shape[0] not in _COLOURS:
        return
    number, height, width = shape
    if number == 1:
        return
    colour = (
        f"one frame of {number} channels as (1, {number}, {height}, {width}), for example "
        "frames[None], and "
        if number in _COLOURS
        else ""
    )
    raise ChunkError(
        "Expected frames of shape (frame, channel, height, width) or (frame, height, width, "
        f"channel). Found {list(shape)}. Pass {colour}{number} gray frames, as masks are, as "
        f"({number}, 1, {height}, {width}), for example frames[:, None]."
    )


class _Pictures:
    """An array of frames, and which of its axes are what."""

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
                    "value_range must be two finite numbers, black and white, of which the second "
                    f"is larger. Found: {value_range}"
                )
            self.value_range = low, high
        elif format not in ("u8", "u16"):
            raise ChunkError(
                f"Expected frames of uint8 or uint16. Found: {format}. Pass value_range=(0, 1) for floats "
                "from 0 to 1, or convert them: (255 * frames).round().astype('uint8') of numpy, "
                "(255 * frames).round().to(torch.uint8) of torch."
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
            channels_last = shape[at] not in _COLOURS and shape[-1] in _COLOURS
        rest: _Axes = [at + 2, at, at + 1] if channels_last else [at, at + 1, at + 2]
        self.axes = lead + rest
        self.channels, self.height, self.width = (shape[axis] for axis in rest if axis is not None)
        if self.channels not in _COLOURS:
            raise ChunkError(f"Expected frames of 1, 3 or 4 channels. Found {list(shape)}")
        is_deep = format == "u16"
        self.pixel_format = (_DEEP_COLOURS if is_deep else _COLOURS)[self.channels]

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
