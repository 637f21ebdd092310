//! `chat`: one question, the answer as it comes.

use std::io::{Read as _, Write as _};

use anyhow::{Context as _, bail};
use llm_providers::{Account, Client, bare_name_vendor, find};
use llm_types::{ChatRequest, Message, Usage};
use owo_colors::{OwoColorize as _, Stream};

use crate::args::ChatArgs;
use crate::{Found, on_terminal};

pub(crate) fn run(args: &ChatArgs) -> anyhow::Result<Found> {
    let mut text = args.message.clone();
    if text == "-" {
        text.clear();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    }
    let mut messages: Vec<Message> = args.system.as_deref().map(Message::system).into_iter().collect();
    messages.push(Message::user(text));
    let mut request = ChatRequest::new(&args.model, messages);
    request.max_tokens = args.max_tokens.into();
    let client = client(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(ask(&client, request, args.usage))
}

fn client(args: &ChatArgs) -> anyhow::Result<Client> {
    let Some(api_base) = &args.api_base else { return Ok(Client::from_env()?) };
    let vendor = match args.model.split_once('/') {
        Some((vendor, _)) => vendor,
        None => bare_name_vendor(&args.model).context("name the model `vendor/model`")?,
    };
    let provider = find(vendor).with_context(|| format!("no vendor {vendor:?}"))?;
    #[expect(clippy::disallowed_methods, reason = "a command of its own, outside of the gateway")]
    let variable = |name: &str| std::env::var(name).ok();
    let account =
        Account { base_url: Some(api_base.clone()), ..Account::from_variables(provider, &variable) };
    Ok(Client::builder().account(vendor, account).variables(&variable).build()?)
}

async fn ask(client: &Client, request: ChatRequest, tell_usage: bool) -> anyhow::Result<Found> {
    let mut stream = client.stream(request).await?;
    let mut out = std::io::stdout();
    let mut thinking = false;
    let mut usage: Option<Usage> = None;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.context("the answer broke off")?;
        usage = chunk.usage.get().cloned().or(usage);
        let Some(delta) = chunk.choices().first().and_then(|choice| choice.delta.get()) else { continue };
        if let Some(piece) = delta.reasoning_content.as_deref()
            && on_terminal()
        {
            thinking = true;
            write!(out, "{}", piece.if_supports_color(Stream::Stdout, |text| text.dimmed()))?;
        }
        if let Some(piece) = delta.content.as_deref().filter(|piece| !piece.is_empty()) {
            if std::mem::take(&mut thinking) {
                writeln!(out, "\n")?;
            }
            write!(out, "{piece}")?;
        }
        for call in delta.tool_calls.as_deref().unwrap_or_default() {
            if let Some(name) = call.function.get().and_then(|function| function.name.as_deref()) {
                write!(out, "\n[calls {name}] ")?;
            }
        }
        out.flush()?;
    }
    writeln!(out)?;
    if tell_usage {
        let Some(usage) = usage else { bail!("the vendor told no usage") };
        let counts = usage.counts();
        write!(out, "{} tokens read", counts.input_total())?;
        if counts.input_cached > 0 {
            write!(out, " ({} from the cache)", counts.input_cached)?;
        }
        write!(out, ", {} written", counts.output_total())?;
        if counts.output_reasoning > 0 {
            write!(out, " ({} thinking)", counts.output_reasoning)?;
        }
        writeln!(out)?;
    }
    Ok(Found::Well)
}
