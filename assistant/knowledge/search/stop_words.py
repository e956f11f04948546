"""Words that say nothing of what a text is about.

English ones, and those of the scripts without spaces, where an ending or a particle is a word of its own: Chinese and
Thai in short, Japanese after the list of Apache Lucene. In other languages the rarity of a word has to tell.
"""

from __future__ import annotations

_ENGLISH = (
    "a about after all also am an and any are as at be because been but by can could did do does doing for from "
    "get got had has have he her here him his how i if in into is it its just let like me more my no not now of "
    "on only or our out please she should so some than thank thanks that the their them then there these they "
    "this to too us very was we were what when where which who why will with would you your hello hi hey"
)
_CHINESE = (
    "的 了 吗 嗎 呢 吧 啊 呀 是 在 和 与 與 及 或 就 都 也 还 還 而 但 把 被 让 讓 给 給 对 對 从 從 到 由 于 於 "
    "以 之 我 你 您 他 她 它 我们 我們 你们 你們 他们 他們 这 這 那 哪 这个 這個 那个 那個 个 個 什么 什麼 怎么 "
    "怎麼 怎样 怎樣 如何 多少 多久 几 幾 几点 幾點 几天 幾天 谁 誰 何时 何時 哪里 哪裡 哪儿 为什么 為什麼 请问 "
    "請問 请 請 可以 能 能够 能夠 会 會 要 想 有 没有 沒有 很 太 更 最 如果 因为 因為 所以 但是 谢谢 謝謝 你好 "
    "您好"
)
_JAPANESE = (
    "の に は を た が で て と し れ さ も や へ か だ ば せ う き つ ら ん お な い ず ある いる する から こと "
    "として れる など なっ ない この ため その あっ よう また もの という あり まで られ なる これ それ によって "
    "により おり より による なり られる において なかっ なく しかし について だっ できる でき ので なお のみ "
    "における および いう でも たり に関する ます なら に対して せる 及び では にて ながら そして ただし または "
    "ほど に対する といった です とも ここ ね よ ぞ わ ました ません でしょう ですか ください 何 なに なん いつ "
    "どこ だれ 誰 どれ どの どう いくら いくつ くらい ぐらい 教え こんにちは"
)
_THAI = (
    "ที่ และ ของ ใน เป็น มี ได้ ให้ ไป มา ว่า จะ ก็ กับ แต่ หรือ จาก นี้ นั้น ไหม มั้ย คะ ค่ะ ครับ อะไร เมื่อไร เมื่อไหร่ ที่ไหน ไหน ใคร กี่ "
    "เท่าไร เท่าไหร่ อย่างไร ทำไม คือ ต้อง ฉัน ผม คุณ เรา สวัสดี ขอบคุณ"
)
STOP_WORDS = frozenset(f"{_ENGLISH} {_CHINESE} {_JAPANESE} {_THAI}".split())
