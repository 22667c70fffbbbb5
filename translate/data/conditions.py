"""Tables and folders that say something of each picture -> rows of numbers, the conditions that networks take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from translate.config import ConditionSettings
from translate.data.attributes import CELEBA_NO, NO, YES, Table, read_table
from translate.data.pairing import find_domains, find_pictures
from translate.data.vocabulary import learnt_pieces, learnt_words
from translate.errors import UserError
from translate.media.sound import BANDS, RATE, frames_in, log_mel, read_sound
from translate.media.vectors import read_vectors
from translate.storage.folders import find_images
from translate.style.conditions import ConditionInfo, Row, some_of
from translate.style.words import Vocabulary, words_of

TEXT_COLUMN = "text"
MAX_LENGTH = 64  # words and pieces of a caption; further ones are left out


@dataclass(frozen=True)
class Conditions:
    """The pictures of a folder and their conditions."""

    info: ConditionInfo
    files: list[Path]
    rows: NDArray[np.generic]  # [R, *shape]
    rows_of: list[list[int]]  # of each file: the positions of its rows, one at least
    means: NDArray[np.float32] | None = None  # [K], of the values of attributes and embeddings
    deviations: NDArray[np.float32] | None = None  # [K]
    remarks: tuple[str, ...] = ()
    spelt: NDArray[np.int64] | None = None  # rows of the same captions, with words spelt by pieces; see `_spelt`


def read_conditions(config: ConditionSettings, images: Path) -> Conditions:
    """The conditions that ``config`` names, of the pictures in the folder ``images``.

    Raises ``UserError`` for what cannot be read, conditions without a picture, and where all are the same; pictures
    without one are left out, with a remark.
    """
    if config.attributes is not None:
        found = _attributes(images, config.attributes, config.columns)
    elif config.captions is not None:
        found = _captions(images, config.captions)
    elif config.audio is not None:
        found = _audio(images, config.audio, frames_in(config.audio_seconds))
    elif config.embeddings is not None:
        found = _embeddings(images, config.embeddings)
    else:
        found = _classes(images)
    if len(np.unique(found.rows.reshape(len(found.rows), -1), axis=0)) < 2:
        raise UserError(f"<{found.info.kind}>: says the same of all pictures, so there is nothing to learn from it")
    return found


def rows_known(info: ConditionInfo, images: Path, source: Path) -> list[Row]:
    """What ``source`` says of the pictures in ``images``, as rows of a sampler that takes ``info``, by picture.

    ``source``: a table, a folder of sounds or a file of vectors, which may name other pictures too; for classes a
    folder of folders. Raises ``UserError`` for what cannot be read, says nothing of these pictures, or lacks columns,
    classes or words that the sampler takes.
    """
    if info.kind == "classes":
        found = find_domains(source)
        if found.problems:
            raise UserError(f"<classes>: {found.problems[0]}")
        return [info.row(found.domains[int(label.argmax())]) for label in found.labels]
    names, rows = _named_rows(info, source)
    _, rows_of, _ = _match(images, names, source, partly=True)
    if not rows_of:
        raise UserError(f"<conditions> {source}: says nothing of the pictures in {images}")
    return [rows[row] for rows_of_picture in rows_of for row in rows_of_picture]


def _named_rows(info: ConditionInfo, source: Path) -> tuple[list[str], list[Row]]:
    """All rows of ``source``, and the name of the picture that each is of."""
    if info.kind == "audio":
        sounds = find_images(source, recursive=True, suffixes=None)
        names = [path.relative_to(source).as_posix() for path in sounds]
        return names, [log_mel(read_sound(path).samples, info.shape[1]) for path in sounds]
    if info.kind == "embeddings":
        names, vectors = _vectors(source)
        if vectors[0].shape != tuple(info.shape):
            raise UserError(f"<conditions> {source}: has vectors of {len(vectors[0])} numbers, not {info.shape[0]}")
        return names, [*vectors]
    table = read_table(source)
    names = [row.file for row in table.rows]
    if info.kind == "captions":
        return names, [info.row(text) for text in _texts(table, source)]
    return names, [*_known_attributes(info, table, source)]


def _known_attributes(info: ConditionInfo, table: Table, path: Path) -> NDArray[np.float32]:
    columns = []
    for name in info.names:
        column, problem = _numbers(table, name) if name in table.columns else (np.empty(0, np.float32), "is missing")
        if not len(column) or not np.isfinite(column).all():
            raise UserError(f"<conditions> {path}: the column {name} {problem}, which the sampler takes")
        columns.append(column)
    return np.stack(columns, axis=1)


def _classes(images: Path) -> Conditions:
    found = find_domains(images)
    if found.problems:
        raise UserError(f"<classes>: {found.problems[0]}")
    info = ConditionInfo(kind="classes", shape=[len(found.domains)], names=found.domains, usual=[])
    return Conditions(info, found.files, found.labels, [[row] for row in range(len(found.files))])


def _attributes(images: Path, path: Path, columns: str) -> Conditions:
    table = read_table(path)
    asked = [name.strip() for name in columns.split(",") if name.strip()]
    if unknown := [name for name in asked if name not in table.columns]:
        raise UserError(f"<columns> {', '.join(unknown)}: {path} has {', '.join(table.columns)}")
    read = {name: _numbers(table, name) for name in asked or table.columns}
    unusable = [f"{name} ({problem})" for name, (_, problem) in read.items() if problem]
    if asked and unusable:
        raise UserError(f"<columns> {unusable[0]}: {path}: give columns of numbers that differ")
    names = [name for name, (_, problem) in read.items() if not problem]
    if not names:
        raise UserError(f"<attributes> {path}: has no column of numbers that differ")
    values = np.stack([read[name][0] for name in names], axis=1)  # [R, K]
    usual = [0.0 if set(column) == {0.0, 1.0} else float(column.mean()) for column in values.T]
    info = ConditionInfo(kind="attributes", shape=[len(names)], names=names, usual=usual)
    files, rows_of, remarks = _match(images, [row.file for row in table.rows], path)
    if twice := [files[number] for number, rows in enumerate(rows_of) if len(rows) > 1]:
        raise UserError(f"{path}: lists {twice[0].name} more than once; keep one line of it")
    if unusable:
        remarks += (f"{path}: without the columns {some_of(unusable)}",)
    return Conditions(info, files, values, rows_of, values.mean(0), _deviations(values), remarks)


def _numbers(table: Table, name: str) -> tuple[NDArray[np.float32], str]:
    """The column ``name``, with CelebA's -1 as 0, and why it cannot be used, empty where it can."""
    position = table.columns.index(name)
    texts = [row.values[position] for row in table.rows]
    if set(texts) == {YES, CELEBA_NO}:
        texts = [NO if text == CELEBA_NO else text for text in texts]
    try:
        column = np.array([float(text) for text in texts], np.float32)
    except ValueError:
        return np.empty(0, np.float32), "holds text"
    if not np.isfinite(column).all():
        return column, "holds numbers that are not finite"
    return column, "" if column.min() < column.max() else "is the same for all"


def _captions(images: Path, path: Path) -> Conditions:
    table = read_table(path)
    texts = _texts(table, path)
    files, rows_of, remarks = _match(images, [row.file for row in table.rows], path)
    words, rare = learnt_words(texts)
    if not words:
        raise UserError(f"<captions> {path}: no word is used twice, so there is nothing to learn from it")
    vocabulary = Vocabulary(words, pieces := learnt_pieces(word for text in texts for word in words_of(text)))
    plain = [vocabulary.numbers(text) for text in texts]
    spelt = [_spelt(vocabulary, text, number) for number, text in enumerate(texts)]
    longest = max(map(len, plain + spelt))
    info = ConditionInfo(kind="captions", shape=[min(longest, MAX_LENGTH)], names=words, usual=[], pieces=pieces)
    if rare:
        remarks += (
            f"{path}: {len(rare)} words are used too rarely to be learnt, and spelt by pieces: {some_of(rare)}",
        )
    if longest > MAX_LENGTH:
        remarks += (f"{path}: of captions longer than {MAX_LENGTH} words and pieces only the beginning counts",)
    rows, spelt_rows = (np.stack([info.row_of_numbers(numbers) for numbers in form]) for form in (plain, spelt))
    return Conditions(info, files, rows, rows_of, spelt=spelt_rows, remarks=remarks)


def _texts(table: Table, path: Path) -> list[str]:
    """The captions of a table. Raises ``UserError`` where it has none, and for an empty one."""
    if TEXT_COLUMN not in table.columns:
        raise UserError(
            f"<captions> {path}: has no column {TEXT_COLUMN!r}, its columns are {', '.join(table.columns)}; give a "
            "table with the header file,text"
        )
    position = table.columns.index(TEXT_COLUMN)
    texts = [row.values[position] for row in table.rows]
    if empty := next((row for row, text in zip(table.rows, texts, strict=True) if not words_of(text)), None):
        raise UserError(f"{path}, line {empty.line}: the text of {empty.file} is empty")
    return texts


def _spelt(vocabulary: Vocabulary, text: str, number: int) -> list[int]:
    """``text`` with every second word spelt by pieces, from the first word on in captions of an even ``number``.

    Pieces are only learnt where they are used, and in most captions all words are learnt as a whole. It serves as
    dropping merges at random (Provilkov et al. 2020, arXiv:1910.13267), but is the same in every run.
    """
    return [
        each
        for place, word in enumerate(words_of(text), start=number)
        for each in (vocabulary.numbers_of(word) if place % 2 else vocabulary.spelt(word))
    ]


def _audio(images: Path, folder: Path, frames: int) -> Conditions:
    sounds = find_images(folder, recursive=True, suffixes=None)
    files, rows_of, remarks = _match(images, [path.relative_to(folder).as_posix() for path in sounds], folder)
    rows, converted, cut = [], [], []
    for path in sounds:
        sound = read_sound(path)
        rows.append(log_mel(sound.samples, frames))
        if sound.converted:
            converted.append(f"{path.name} ({sound.channels} channels, {sound.rate} Hz)")
        if frames_in(len(sound.samples) / RATE) > frames:
            cut.append(path.name)
    if converted:
        remarks += (f"{folder}: mixed down to one channel of {RATE} Hz: {some_of(converted)}",)
    if cut:
        remarks += (f"{folder}: longer than <audio_seconds>, so only the beginning counts: {some_of(cut)}",)
    info = ConditionInfo(kind="audio", shape=[BANDS, frames], names=[], usual=[])
    return Conditions(info, files, np.stack(rows), rows_of, remarks=remarks)


def _embeddings(images: Path, path: Path) -> Conditions:
    names, rows = _vectors(path)
    files, rows_of, remarks = _match(images, names, path)
    values = np.stack(rows)
    info = ConditionInfo(kind="embeddings", shape=[values.shape[1]], names=[], usual=[])
    return Conditions(info, files, values, rows_of, values.mean(0), _deviations(values), remarks)


def _vectors(path: Path) -> tuple[list[str], list[NDArray[np.float32]]]:
    """The vectors of a file, all of one length, and the picture that each is of; one may have several."""
    rows = {name: np.atleast_2d(vectors) for name, vectors in read_vectors(path).items()}
    return [name for name, vectors in rows.items() for _ in vectors], [row for each in rows.values() for row in each]


def _deviations(values: NDArray[np.float32]) -> NDArray[np.float32]:
    deviations: NDArray[np.float32] = np.maximum(values.std(0), 1e-6)
    return deviations


def _match(
    images: Path, listed: Sequence[str], source: Path, *, partly: bool = False
) -> tuple[list[Path], list[list[int]], tuple[str, ...]]:
    """The pictures that ``listed`` names, the positions of each one's names, and a remark on pictures without.

    A name is a path relative to ``images``, with the picture's suffix, another one or none. Raises ``UserError`` for
    names without a picture, unless ``partly``.
    """
    found = find_pictures(images)
    if found.problems:
        raise UserError(found.problems[0])
    paths = {path.relative_to(images).as_posix(): path for path in found.files}
    by_stem: dict[str, list[Path]] = {}
    for name, path in paths.items():
        by_stem.setdefault(_without_suffix(name), []).append(path)
    rows_of: dict[Path, list[int]] = {path: [] for path in found.files}
    without_picture: dict[str, None] = {}
    for position, name in enumerate(listed):
        alike = by_stem.get(name) or by_stem.get(_without_suffix(name)) or []
        match = paths.get(name) or (alike[0] if len(alike) == 1 else None)
        if match is None:
            without_picture[name] = None
        else:
            rows_of[match].append(position)
    if without_picture and not partly:
        raise UserError(
            f"{source}: names {len(without_picture)} pictures that are not in {images}: "
            f"{some_of(list(without_picture))}; remove them there, or add the pictures"
        )
    kept = [path for path in found.files if rows_of[path]]
    left_out = [path.name for path in found.files if not rows_of[path]]
    remarks = (
        (f"{source}: says nothing of {len(left_out)} pictures, left out: {some_of(left_out)}",) if left_out else ()
    )
    return kept, [rows_of[path] for path in kept], remarks


def _without_suffix(name: str) -> str:
    folder, slash, file = name.rpartition("/")
    stem, dot, _ = file.rpartition(".")
    return f"{folder}{slash}{stem if dot and stem else file}"
