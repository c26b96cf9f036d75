"""Everything that can go wrong on purpose; each message says what, where and what to do next, in Chinese.

AssistantError
├── CorpusError        a policy file is missing, empty, binary, or not in a readable encoding
├── IndexMissing       no index at that place yet
├── IndexStale         the index does not belong to this corpus, encoder or version
├── IndexDamaged       the index folder is corrupted, or is not an index
├── IndexNotWritten    the index cannot be written: no space, no permission
├── ModelError         the encoder cannot be loaded
├── QuestionError      the question is empty, has no words, or is too long
├── ClauseNotFound     no clause has that number
├── HoldingsError      a document cannot be added to the corpus or removed from it
├── RecordsError       the file of questions and judgements cannot be used
└── PortInUse          the web page's address is taken
"""

from __future__ import annotations

import errno

_REASONS = {
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "超出磁盘配额",
    errno.EFBIG: "超出文件大小的限制",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "磁盘只读",
    errno.EISDIR: "它是文件夹",
    errno.ENOTDIR: "路径里有一段不是文件夹",
    errno.ENOENT: "路径不存在",
    errno.ENAMETOOLONG: "名字太长",
    errno.EMFILE: "打开的文件太多",
}


def reason(error: Exception) -> str:
    """Return why a file could not be read or written, in words for a message."""
    if not isinstance(error, OSError):
        return "磁盘可能已满"  # FAISS says it in a RuntimeError, with a place in its own code
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)[:80]


class AssistantError(Exception):
    """The root: shown to the user as one line, never as a traceback."""


class CorpusError(AssistantError):
    """A policy file is missing, empty, binary, or not in a readable encoding."""


class IndexMissing(AssistantError):
    """There is no index at that place yet."""


class IndexStale(AssistantError):
    """The index was built from another corpus, by another encoder or by another version."""


class IndexDamaged(AssistantError):
    """The index folder is corrupted or is not an index at all."""


class IndexNotWritten(AssistantError):
    """The index cannot be written where it should stand; what stood there before still does."""


class ModelError(AssistantError):
    """The encoder cannot be loaded."""


class QuestionError(AssistantError):
    """The question is empty, has no words, or is too long."""


class ClauseNotFound(AssistantError):
    """No clause of the policy has that number."""


class HoldingsError(AssistantError):
    """A document cannot be added to the corpus or removed from it; nothing has changed."""


class RecordsError(AssistantError):
    """The file where questions and judgements are kept cannot be opened or is none of ours."""


class PortInUse(AssistantError):
    """The address for the web page is taken by another program."""
