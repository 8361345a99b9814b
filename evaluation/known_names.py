"""Names by which a language model may give itself or its maker away."""

# fmt: off
MODELS = (
    "ChatGPT", "GPT", "Claude", "Gemini", "Bard", "Gemma", "PaLM", "LLaMA", "Llama", "Mistral", "Mixtral",
    "Vicuna", "Alpaca", "SmolLM", "Qwen", "QwQ", "Tongyi", "DeepSeek", "Kimi", "ChatGLM", "GLM", "ERNIE",
    "Ernie", "Yi-Chat", "Baichuan", "InternLM", "Phi", "Falcon", "BLOOM", "Grok", "Copilot", "Command R",
    "Hunyuan", "MiniMax", "Doubao", "Spark Desk", "Nemotron", "OLMo", "Tulu", "Zephyr", "Aya", "Jamba",
    "Granite", "MOSS", "Pangu", "通义千问", "通义", "千问", "文心一言", "文心", "智谱清言", "讯飞星火",
    "星火", "豆包", "混元", "盘古", "百川", "书生", "深度求索", "月之暗面", "天工", "商量",
)
MAKERS = (
    "OpenAI", "Anthropic", "Google DeepMind", "Google", "DeepMind", "Meta AI", "Meta", "Mistral AI",
    "Microsoft", "Hugging Face", "HuggingFace", "Alibaba Cloud", "Alibaba", "DeepSeek-AI", "Moonshot AI",
    "Moonshot", "Zhipu AI", "Zhipu", "Baidu", "Tencent", "ByteDance", "iFlytek", "Huawei", "xAI", "Cohere",
    "AI21", "Databricks", "NVIDIA", "IBM", "LMSYS", "01.AI", "Stability AI", "阿里巴巴", "阿里云", "阿里",
    "百度", "腾讯", "字节跳动", "字节", "华为", "科大讯飞", "讯飞", "智谱", "商汤", "谷歌", "微软",
    "零一万物", "上海人工智能实验室",
)
# Also ordinary words or people: theirs only where the sentence speaks of a machine.
AMBIGUOUS = frozenset((
    "Aya", "BLOOM", "Bard", "Claude", "Falcon", "GLM", "Granite", "Grok", "Meta", "Phi", "Spark Desk", "书生",
    "千问", "商量", "天工", "字节", "文心", "星火", "混元", "百川", "盘古", "豆包", "通义",
))
# fmt: on
