//! A scriptable vendor as a server: OpenAI's and Anthropic's wire, with delays, stalls and cuts
