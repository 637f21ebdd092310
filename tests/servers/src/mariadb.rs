//! MariaDB's programs.

use std::path::PathBuf;
use std::process::Command;

use crate::program::find;
use crate::server::Folder;

/// Run when the server starts: a user who comes by TCP.
const USERS: &str = "CREATE OR REPLACE USER tester@'127.0.0.1' IDENTIFIED BY 'a-password';\n\
    GRANT ALL ON *.* TO tester@'127.0.0.1';\n";

fn program(names: &[&str]) -> PathBuf {
    find(names, &[PathBuf::from("/usr/sbin"), PathBuf::from("/usr/libexec")])
}

pub(crate) fn make(folder: &Folder) {
    let mut install = folder.command(&program(&["mariadb-install-db", "mysql_install_db"]));
    install.arg("--no-defaults").arg(format!("--datadir={}", folder.data().display()));
    folder.run(install.args(["--auth-root-authentication-method=normal", "--skip-test-db"]));
    std::fs::write(folder.path().join("users.sql"), USERS).unwrap();
}

pub(crate) fn serve(folder: &Folder, port: u16) -> Command {
    let at = |name: &str| folder.path().join(name).display().to_string();
    let mut mariadbd = folder.command(&program(&["mariadbd", "mysqld"]));
    mariadbd.arg("--no-defaults").arg(format!("--datadir={}", folder.data().display())).args([
        format!("--port={port}"),
        format!("--socket={}", at("socket")),
        format!("--pid-file={}", at("pid")),
        format!("--init-file={}", at("users.sql")),
        "--bind-address=127.0.0.1".to_owned(),
        "--skip-name-resolve".to_owned(),
        // MySQL 8's own mode, and what else an administrator may choose: the store's sessions have one of their own.
        "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,NO_UNSIGNED_SUBTRACTION,NO_ZERO_DATE,NO_ZERO_IN_DATE,\
         ONLY_FULL_GROUP_BY"
            .to_owned(),
        "--innodb-flush-log-at-trx-commit=0".to_owned(),
        "--innodb-buffer-pool-size=64M".to_owned(),
        "--max-connections=200".to_owned(),
    ]);
    mariadbd
}

pub(crate) fn client(folder: &Folder, statement: &str) -> Command {
    let socket = format!("--socket={}", folder.path().join("socket").display());
    let mut mariadb = Command::new(program(&["mariadb", "mysql"]));
    mariadb.args(["--no-defaults", &socket, "--user=root", "--skip-column-names", "--execute", statement]);
    mariadb
}
