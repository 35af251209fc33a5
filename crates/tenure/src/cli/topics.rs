//! `help` and `completion`: pages that read like a manual, and what shells need.

use super::Cli;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use serde_json::json;
use std::fmt::Write as _;

/// A page of the manual.
pub(super) struct Topic {
    pub(super) name: &'static str,
    /// In a few words, without a full stop.
    pub(super) about: &'static str,
    /// A title, an empty line, and what there is to say.
    pub(super) text: &'static str,
}

/// Every topic.
pub(super) const TOPICS: &[Topic] = &[
    Topic {
        name: "exit-codes",
        about: "what each exit code means",
        text: include_str!("../topics/exit-codes.txt"),
    },
    Topic {
        name: "keys",
        about: "which keys there are, and what to do with them",
        text: include_str!("../topics/keys.txt"),
    },
    Topic {
        name: "proof-levels",
        about: "how well the end of a credential is known, P0 to P5",
        text: include_str!("../topics/proof-levels.txt"),
    },
    Topic {
        name: "standing",
        about: "the judged state of an identity",
        text: include_str!("../topics/standing.txt"),
    },
];

/// Explain a command or a topic
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure help
  tenure help source add
  tenure help proof-levels

Topics: exit-codes, keys, proof-levels, standing.
Exit codes: 0 done, 2 there is no such command or topic.")]
pub(crate) struct Help {
    /// A command or a topic
    #[arg(value_name = "COMMAND OR TOPIC")]
    words: Vec<String>,
}

impl Help {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        if let [name] = self.words.as_slice()
            && let Some(topic) = TOPICS.iter().find(|topic| topic.name == name)
        {
            context.document(&json!({ "topic": topic.name, "text": topic.text }));
            for line in topic.text.trim_end().lines() {
                context.print(line);
            }
            return Ok(Exit::Done);
        }
        let mut command = Cli::command();
        command.build();
        let mut found = &mut command;
        for word in &self.words {
            let unknown = Failure::usage(format!(
                "there is no command or topic `{}`",
                tenure_model::printable(word, 60)
            ))
            .next("tenure help lists them");
            found = found.find_subcommand_mut(word).ok_or(unknown)?;
        }
        let mut text = found.render_long_help().to_string();
        if self.words.is_empty() {
            text.push_str("\nTopics:\n");
            for topic in TOPICS {
                let _ = writeln!(text, "  {:<14}{}", topic.name, topic.about);
            }
        }
        context.document(&json!({ "command": self.words, "text": text }));
        context.print(text.trim_end());
        Ok(Exit::Done)
    }
}

/// Print a completion script
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure completion bash > ~/.local/share/bash-completion/completions/tenure
  tenure completion zsh > ~/.zfunc/_tenure
  tenure completion fish > ~/.config/fish/completions/tenure.fish

Exit codes: 0 done, 2 usage.")]
pub(crate) struct Completion {
    /// For which shell
    shell: Shell,
}

impl Completion {
    pub(super) fn run(self, context: &Context) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "tenure", &mut script);
        let script = String::from_utf8_lossy(&script);
        context.document(&json!({ "shell": self.shell.to_string(), "script": script }));
        context.print(script.trim_end());
        Exit::Done
    }
}
