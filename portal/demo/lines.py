"""What the people of the demo say and write, each in their own language."""

from portal.vocabulary import Locale

Line = dict[Locale, str]


def _said(zh_hant: str, zh_hans: str, en: str) -> Line:
    return {Locale.ZH_HANT: zh_hant, Locale.ZH_HANS: zh_hans, Locale.EN: en}


DIFFICULTIES = _said(
    "工時減少後收入少了三成，房租和孩子的學費先付了。",
    "工时减少后收入少了三成，先付了房租和孩子的学费。",
    "Shorter hours cut the pay by a third; rent and school came first.",
)
VIEWS = _said(
    "希望每月還款日在發薪日之後。",
    "希望每月还款日在发薪日之后。",
    "Would like the due date to fall after payday.",
)
REASON = _said(
    "收入已穩定，減免部分遲延利息後負擔得起，此前的繳款紀錄良好。",
    "收入已稳定，减免部分罚息后负担得起，此前还款记录良好。",
    "Income is steady again; with part of the penalty interest waived the plan is affordable.",
)
YES = _said(
    "收支表看得出負擔得起，同意。",
    "收支表显示可以负担，同意。",
    "The budget shows that it is affordable. Agreed.",
)
LEFT = _said(
    "談得很順利，方案已送核准。",
    "沟通顺利，方案已提交审批。",
    "A good talk; the plan is with the lead.",
)
SIGNED = _said(
    "雙方已簽署，正本已交付。",
    "双方已签署，原件已交付。",
    "Both have signed; each has an original.",
)
CARED = _said(
    "按時繳款，工作穩定，下次三個月後聯絡。",
    "按时还款，工作稳定，三个月后再联系。",
    "Pays on time, work is steady; next talk in three months.",
)
BLURRED = _said(
    "照片太模糊，請在明亮處重新拍一張。",
    "照片太模糊，请在明亮处重新拍一张。",
    "The photo is blurred. Please take another one in good light.",
)
ABOUT_CALLS = _said(
    "上週四一天接到三通電話，其中一通在晚上十點以後。請不要再這樣。",
    "上周四一天接到三个电话，其中一个在晚上十点以后。请不要再这样。",
    "I was called three times on one day, once after ten at night. Please stop that.",
)
ABOUT_AMOUNT = _said(
    "遲延利息的金額和我算的不一樣，請說明怎麼算的。",
    "罚息的金额和我算的不一样，请说明是怎么算的。",
    "The penalty interest is not what I worked out. Please show how it was computed.",
)
ANSWER = _said(
    "謝謝您告訴我們。我們正在調閱通話紀錄，會在期限前答覆您。",
    "谢谢您告诉我们。我们正在调取通话记录，会在期限前答复您。",
    "Thank you for telling us. We are looking at the call records and will answer before the date promised.",
)
CHECKED = _said("已逐日重算。", "已逐日重新计算。", "Recomputed day by day.")
GROUNDS = _said(
    "重算後金額正確；當初的說明不夠清楚，我們為此道歉。",
    "重新计算后金额正确；当初的说明不够清楚，我们为此道歉。",
    "The amount is right; our explanation was not clear enough, and we apologise.",
)
REDRESS = _said(
    "已附上逐期計算表。", "已附上逐期计算表。", "A table of every step of the calculation is attached."
)
PAID_ALREADY = _said(
    "上個月的那一期我已經轉帳了，收據還在。",
    "上个月的那一期我已经转账了，回单还在。",
    "I transferred last month's instalment and still have the receipt.",
)
NOT_SAID_LIKE_THAT = _said(
    "我沒有說不想談，我說的是要等到發薪日。",
    "我没有说不想谈，我说的是要等到发薪日。",
    "I did not say that I would rather not talk. I said that I have to wait for payday.",
)
ASKED_TO_CALL_AGAIN = _said(
    "借款人掛斷前請我們明天上午再打，想和家人一起聽方案。",
    "借款人挂断前请我们明天上午再打，想和家人一起听方案。",
    "Before hanging up the borrower asked for a call tomorrow morning, to hear the options with the family.",
)
