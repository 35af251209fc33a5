//! A conversation in SFTP: questions go out together, answers are put to them by number.
//!
//! Whoever asks stands in a thread that may wait; a task of the program holds the line. Every round has a deadline, and
//! so has the conversation as a whole; after the first broken answer nothing more is asked. It must never be held up by
//! a server that says nothing, too much or nonsense. Next: `sftp.rs`, `files.rs`.

use super::sftp::{self, Answer, FRAME_BYTES_MAX, Question, VERSION};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use zeroize::Zeroizing;

/// Questions that are out at once.
const TOGETHER_MAX: usize = 32;

/// How a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("the machine closed the connection")]
    Closed,
    #[error("the machine did not answer in time")]
    Silent,
    #[error("the machine answered something that is not SFTP version 3")]
    Garbage,
    /// The time of the whole reading is over.
    #[error("the time of this reading was over")]
    Time,
}

/// Questions that belong together, and where the answers go.
pub(super) struct Round {
    questions: Vec<Question>,
    answers: oneshot::Sender<Result<Vec<Answer>, Broken>>,
}

/// The asking end. Waits in a thread that may wait, never in a task.
#[derive(Debug, Clone)]
pub(super) struct Asking(mpsc::Sender<Round>);

impl Asking {
    /// Asks, and has one answer for each question, in their order.
    pub(super) fn ask(&self, questions: Vec<Question>) -> Result<Vec<Answer>, Broken> {
        let (answers, received) = oneshot::channel();
        self.0.blocking_send(Round { questions, answers }).map_err(|_| Broken::Closed)?;
        received.blocking_recv().map_err(|_| Broken::Closed)?
    }
}

/// Says hello, then answers rounds until nobody asks, or something broke. `patience` is for each round.
pub(super) async fn begin<S>(
    mut line: S,
    patience: Duration,
    until: Instant,
) -> Result<(Asking, impl Future<Output = ()> + Send), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    within(patience, until, greet(&mut line)).await?;
    let (sender, mut rounds) = mpsc::channel::<Round>(1);
    let talk = async move {
        let mut next = 1;
        while let Some(round) = rounds.recv().await {
            let outcome = within(patience, until, answer(&mut line, &mut next, &round.questions)).await;
            let broken = outcome.is_err();
            // Whoever asked may have stopped waiting.
            let _ = round.answers.send(outcome);
            if broken {
                break;
            }
        }
        let _ = tokio::time::timeout(Duration::from_secs(1), line.shutdown()).await;
    };
    Ok((Asking(sender), talk))
}

async fn within<T>(
    patience: Duration,
    until: Instant,
    work: impl Future<Output = Result<T, Broken>>,
) -> Result<T, Broken> {
    let now = Instant::now();
    let end = until.min(now + patience);
    let late = if end < now + patience { Broken::Time } else { Broken::Silent };
    tokio::time::timeout_at(end, work).await.unwrap_or(Err(late))
}

async fn greet(line: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), Broken> {
    line.write_all(&sftp::hello()).await.map_err(|_| Broken::Closed)?;
    line.flush().await.map_err(|_| Broken::Closed)?;
    let frame = frame(line).await?;
    if sftp::greeted(&frame) == Some(VERSION) { Ok(()) } else { Err(Broken::Garbage) }
}

async fn answer(
    line: &mut (impl AsyncRead + AsyncWrite + Unpin),
    next: &mut u32,
    questions: &[Question],
) -> Result<Vec<Answer>, Broken> {
    let mut answers = Vec::with_capacity(questions.len());
    for some in questions.chunks(TOGETHER_MAX) {
        let mut bytes = Vec::new();
        let mut awaited: BTreeMap<u32, usize> = BTreeMap::new();
        for (place, question) in some.iter().enumerate() {
            question.encode(*next, &mut bytes);
            awaited.insert(*next, place);
            *next = next.wrapping_add(1);
        }
        line.write_all(&bytes).await.map_err(|_| Broken::Closed)?;
        line.flush().await.map_err(|_| Broken::Closed)?;
        let mut received: BTreeMap<usize, Answer> = BTreeMap::new();
        while !awaited.is_empty() {
            let frame = frame(line).await?;
            let (id, answer) = sftp::answered(&frame).ok_or(Broken::Garbage)?;
            let place = awaited.remove(&id).ok_or(Broken::Garbage)?;
            received.insert(place, answer);
        }
        answers.extend(received.into_values());
    }
    Ok(answers)
}

async fn frame(line: &mut (impl AsyncRead + Unpin)) -> Result<Zeroizing<Vec<u8>>, Broken> {
    let length = line.read_u32().await.map_err(|_| Broken::Closed)?;
    let length = usize::try_from(length).ok().filter(|length| (1..=FRAME_BYTES_MAX).contains(length));
    let mut frame = Zeroizing::new(vec![0; length.ok_or(Broken::Garbage)?]);
    line.read_exact(&mut frame).await.map_err(|_| Broken::Closed)?;
    Ok(frame)
}
