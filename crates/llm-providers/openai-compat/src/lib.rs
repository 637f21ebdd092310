//! Every vendor that speaks OpenAI chat, as rows of one table
