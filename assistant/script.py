"""Traditional to simplified Chinese, with OpenCC; for reading questions and for searching, never for quoting."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import opencc

_CANTONESE = {"唔": "不", "係": "是", "喺": "在", "嘅": "的", "冇": "没有", "咩": "什么", "乜": "什么", "咁": "这么", "嗰": "那",
              "點解": "为什么", "點樣": "怎么", "邊個": "谁", "邊度": "哪里", "幾時": "何时", "佢": "他", "哋": "们", "嚟": "来",
              "俾": "给", "畀": "给", "揾": "找", "搵": "找", "咗": "了", "啲": "些", "睇": "看", "而家": "现在"}  # fmt: skip
_TAIWAN = {"位址": "地址", "设定": "设置", "软体": "软件", "网路": "网络", "资讯": "信息", "简讯": "短信", "讯息": "消息",
           "伺服器": "服务器", "萤幕": "屏幕", "登入": "登录", "登出": "退出", "预设": "默认", "使用者": "用户",
           "程式": "程序", "连结": "链接", "影片": "视频", "行动电话": "手机", "存取": "读取"}  # fmt: skip


def characters(text: str) -> str:
    """Return a text in simplified characters, one for one; simplified text stays as it is."""
    return str(_converter().convert(text))


def mainland(text: str) -> str:
    """Return a text in the characters and words of the mainland: 位址 -> 地址; simplified text stays as it is."""
    for spoken, written in _CANTONESE.items():
        text = text.replace(spoken, written)
    simple = characters(text)
    if simple == text:
        return text
    for there, here in _TAIWAN.items():
        simple = simple.replace(there, here)
    return simple


@cache
def _converter() -> opencc.OpenCC:
    """Traditional to simplified, character by character."""
    import opencc

    return opencc.OpenCC("t2s")
