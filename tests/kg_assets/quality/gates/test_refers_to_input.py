"""Talk of "the text" is found; ordinary sentences that use the same words are not."""

import pytest

from kg_assets.quality.gates.refers_to_input import input_reference

POINTS_AT_THE_INPUT = """
According to the text, who built the pump?
According to the given passage, what is a valve?
Based on the provided information, who won?
Based on the facts, which city is larger?
As described in the document, what does a valve do?
What does the text say about pumps?
What does the passage mention about Leeds?
What is the relationship between the given entities?
How are the mentioned entities related?
What is the main idea of the passage?
Who is the author of this article?
Which pump is mentioned in the text?
What information is provided in the text?
Which of the following statements is true?
Is the statement true?
The text does not mention who built it.
The provided context does not contain this information.
The document states that pumps are loud.
Given the facts, who built the pump?
Given the information above, who built it?
What can be inferred from the passage?
What happens in this excerpt?
What does the above statement imply?
What do the facts say about Leeds?
What are the key points discussed in the document?
Using the provided information, explain osmosis.
Considering the details given, who is older?
What does the following passage describe?
根据上述材料，泵是谁制造的？
根据文本，泵是谁制造的？
根据所给信息，泵是谁制造的？
基于提供的信息，泵在哪里？
请根据文章内容回答：泵在哪里？
文中提到的泵是谁制造的？
在文中提到了哪些人？
给定的实体之间有什么关系？
这段文字主要讲了什么？
这篇文章的作者是谁？
本文主要介绍了什么？
以上陈述是否正确？
该陈述是否正确？
从上文可知，泵是红色的。
材料中提到的城市是哪个？
根据事实，红隼二号泵在哪里制造？
根据描述，泵输送什么？
上述文本描述了什么？
文章介绍了哪些泵？
下列说法中哪一项正确？
""".strip().splitlines()

ORDINARY = """
What information does the statement of account contain?
Which document must a pharmacist sign?
Where is the factory located?
What is the textile industry known for?
What is the factual basis of the claim?
Who wrote the text of the treaty?
What does the article of incorporation contain?
What is stated in Article 5?
According to the statement of the witness, who was there?
According to the International Energy Agency, what is the share of solar power?
Based on the fact that light has a constant speed, what did Einstein derive?
What is the context of the French Revolution?
In this context, entropy means disorder.
Which passage connects the Atlantic and the Pacific?
How long is the passage through the Panama Canal?
What is the input voltage of the converter?
What are the input states of the machine?
What does the description of a patent have to disclose?
What is the purpose of the document issued by the notary?
Why is the information provided by the applicant confidential?
Which facts did Darwin collect on the Galapagos Islands?
What must the holder of the document do?
Which statement did the bank publish in 1907?
For a given context, the parser chooses a rule.
What is a context-free grammar?
How many articles does the constitution have?
Who signed the Declaration of Independence, and what does the document proclaim?
Light always travels at the same speed. Based on this fact, Einstein derived special relativity.
The document must be signed by both parties.
What does a fact table store in a data warehouse?
What is the passage of time called in physics?
Which materials are used in the given alloy steel?
What did the article published in Nature in 1953 describe?
What does the statement balance of a credit card show?
根据气象资料，该地区年降水量是多少？
根据《民法典》，什么是合同？
根据材料力学原理，梁的弯矩如何计算？
根据该材料中的碳含量，它属于哪种钢？
法院根据事实，依照法律作出判决吗？
根据事实婚姻的规定，双方有什么义务？
爱因斯坦在1905年的论文中提到了什么？
申请人提供的材料应当真实、合法。
《茶经》的文本由谁整理？
公证书属于什么文件？
办理营业执照需要提交哪些材料？
红隼二号泵输送什么？
该材料的熔点是多少？
复合材料中的碳纤维有什么作用？
条文中说的不可抗力是什么意思？
上下文无关文法是什么？
文章《物种起源》的作者是谁？
原文的作者是谁？
事实上，水在4摄氏度时密度最大。
谁在《梦溪笔谈》中描述了活字印刷？
法律事实和客观事实有什么区别？
材料中的应力集中是什么？
根据资料显示，2020年人口为三百万。
结合材料的性质，陶瓷适合高温吗？
""".strip().splitlines()

FINE_IN_ANSWERS = """
The following documents must be presented: a passport and a visa.
Three of the following statements hold for every group.
以下材料应当提交：身份证和申请表。
上述事实由公证书证明。
""".strip().splitlines()


@pytest.mark.parametrize("text", POINTS_AT_THE_INPUT)
def test_a_phrase_that_points_at_the_input_is_found(text: str) -> None:
    phrase = input_reference(text, question=True)
    assert phrase
    assert phrase in text


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_sentence_points_at_nothing(text: str) -> None:
    assert input_reference(text, question=True) == ""
    assert input_reference(text, question=False) == ""


@pytest.mark.parametrize("text", FINE_IN_ANSWERS)
def test_an_answer_may_point_at_its_own_words(text: str) -> None:
    assert input_reference(text, question=False) == ""


def test_a_long_text_is_searched_quickly() -> None:
    text = "The document and the statement and the facts, in this context, of the given alloy. " * 500
    assert input_reference(text, question=True) == ""
