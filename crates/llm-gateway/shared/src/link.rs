//! One connection, to one Redis or to a cluster.

use std::time::Duration;

use deadpool_redis::redis::aio::{ConnectionLike, MultiplexedConnection};
use deadpool_redis::redis::cluster_async::ClusterConnection;
use deadpool_redis::redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisFuture, RedisResult, Value, cluster};

use crate::address::Opener;

/// A connection; clones share it.
#[derive(Clone)]
pub(crate) enum Link {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Opener {
    /// Connects within `timeout`. Everything that is asked over the connection is answered within `answer`, or fails.
    pub(crate) async fn open(&mut self, timeout: Duration, answer: Duration) -> RedisResult<Link> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(answer));
        Ok(match self {
            Self::Single(client) => {
                Link::One(client.get_multiplexed_async_connection_with_config(&config).await?)
            }
            Self::Sentinels(client) => Link::One(client.get_async_connection_with_config(&config).await?),
            Self::Cluster(client) => {
                let config = cluster::ClusterConfig::new()
                    .set_connection_timeout(timeout)
                    .set_response_timeout(answer);
                Link::Cluster(client.get_async_connection_with_config(config).await?)
            }
        })
    }
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(link) => link.req_packed_command(command),
            Self::Cluster(link) => link.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(link) => link.req_packed_commands(pipeline, offset, count),
            Self::Cluster(link) => link.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(link) => link.get_db(),
            Self::Cluster(link) => link.get_db(),
        }
    }
}
