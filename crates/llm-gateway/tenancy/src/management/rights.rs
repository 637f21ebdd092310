//! The table of rights: what is done with what, by whom.

use crate::Kind;

/// What is managed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// Virtual keys.
    Key,
    /// Teams.
    Team,
    /// Places in teams.
    TeamMember,
    /// Users.
    User,
    /// Organisations.
    Organization,
    /// Places in organisations.
    OrganizationMember,
    /// Projects.
    Project,
    /// End users.
    EndUser,
    /// Budgets under names.
    Budget,
    /// Tags.
    Tag,
    /// Access groups.
    AccessGroup,
    /// Models that were added by way of the API, and those of the configuration to look at.
    Model,
    /// Credentials.
    Credential,
    /// Records of changes.
    Audit,
    /// What was spent.
    Spend,
    /// How deployments are, and what the process measures.
    Health,
    /// The gateway's own settings.
    Settings,
}

impl Resource {
    /// Every resource.
    pub const ALL: [Self; 17] = [
        Self::Key,
        Self::Team,
        Self::TeamMember,
        Self::User,
        Self::Organization,
        Self::OrganizationMember,
        Self::Project,
        Self::EndUser,
        Self::Budget,
        Self::Tag,
        Self::AccessGroup,
        Self::Model,
        Self::Credential,
        Self::Audit,
        Self::Spend,
        Self::Health,
        Self::Settings,
    ];

    /// A name for documentation.
    pub const fn label(self) -> &'static str {
        match self.kind() {
            Some(kind) => kind.label(),
            None => match self {
                Self::Audit => "audit",
                Self::Spend => "spend",
                Self::Health => "health",
                _ => "settings",
            },
        }
    }

    /// The kind of record in the store, if it is one.
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Self::Key => Some(Kind::Key),
            Self::Team => Some(Kind::Team),
            Self::TeamMember => Some(Kind::TeamMember),
            Self::User => Some(Kind::User),
            Self::Organization => Some(Kind::Organization),
            Self::OrganizationMember => Some(Kind::OrganizationMember),
            Self::Project => Some(Kind::Project),
            Self::EndUser => Some(Kind::EndUser),
            Self::Budget => Some(Kind::Budget),
            Self::Tag => Some(Kind::Tag),
            Self::AccessGroup => Some(Kind::AccessGroup),
            Self::Model => Some(Kind::Model),
            Self::Credential => Some(Kind::Credential),
            Self::Audit | Self::Spend | Self::Health | Self::Settings => None,
        }
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Look at one.
    Read,
    /// Look at many.
    List,
    /// Try one out, which may cost money.
    Check,
    /// Make one.
    Create,
    /// Change one.
    Update,
    /// Delete one.
    Delete,
    /// Block one, or let it in again.
    Block,
    /// Give a key another text.
    Rotate,
    /// Count what is spent from nothing again.
    ResetSpend,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 9] = [
        Self::Read,
        Self::List,
        Self::Check,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Block,
        Self::Rotate,
        Self::ResetSpend,
    ];

    /// Whether it changes something, or costs something.
    pub const fn acts(self) -> bool {
        !matches!(self, Self::Read | Self::List)
    }
}

/// A set of verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verbs(u16);

impl Verbs {
    /// None.
    pub const NONE: Self = Self(0);
    /// Looking.
    pub const LOOK: Self = Self::of(&[Verb::Read, Verb::List]);
    /// All.
    pub const ALL: Self = Self::of(&Verb::ALL);

    /// These verbs.
    pub const fn of(verbs: &[Verb]) -> Self {
        let (mut set, mut at) = (0, 0);
        while at < verbs.len() {
            set |= 1 << verbs[at] as u16;
            at += 1;
        }
        Self(set)
    }

    /// All but these.
    const fn but(self, verbs: &[Verb]) -> Self {
        Self(self.0 & !Self::of(verbs).0)
    }

    /// Whether a verb is one of them.
    pub const fn hold(self, verb: Verb) -> bool {
        self.0 & 1 << verb as u16 != 0
    }

    /// Whether all of these are among those.
    pub const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

/// What may be done with one resource. A proxy admin may do everything with everything, a proxy admin viewer look at
/// everything; both stand in no table.
#[derive(Debug, Clone, Copy)]
pub struct Rights {
    /// Admins of an organisation, with what belongs to it.
    pub org_admin: Verbs,
    /// Admins of a team, with what belongs to it.
    pub team_admin: Verbs,
    /// Internal users, with what is theirs, and with the teams and organisations that they are in.
    pub own: Verbs,
    /// Internal users that only look, with the same.
    pub viewer: Verbs,
    /// A key without a user, or a team that speaks for itself, with itself and its team.
    pub bare: Verbs,
}

/// The rights to one resource. This is the table.
pub const fn rights(resource: Resource) -> Rights {
    use Verb::{Block, Check, Create, Delete, List, Read, ResetSpend, Rotate, Update};
    const ALL: Verbs = Verbs::ALL;
    const LOOK: Verbs = Verbs::LOOK;
    const NONE: Verbs = Verbs::NONE;
    const MANAGE: Verbs = Verbs::of(&[Create, Read, List, Update, Delete]);
    match resource {
        Resource::Key => Rights {
            org_admin: ALL,
            team_admin: ALL,
            own: Verbs::of(&[Create, Read, List, Update, Delete, Block, Rotate, Check]),
            viewer: LOOK,
            bare: Verbs::of(&[Read, Check]),
        },
        Resource::Team => Rights {
            org_admin: ALL.but(&[Rotate, Check]),
            // Its budget and models are set by those above it: see the table of members.
            team_admin: Verbs::of(&[Read, List, Update]),
            own: LOOK,
            viewer: LOOK,
            bare: Verbs::of(&[Read]),
        },
        Resource::TeamMember => Rights {
            org_admin: ALL.but(&[Rotate, Check]),
            team_admin: Verbs::of(&[Create, Read, List, Update, Delete, ResetSpend]),
            own: LOOK,
            viewer: LOOK,
            bare: NONE,
        },
        // Users may be in several organisations: whoever manages one must not change them for the others.
        Resource::User => Rights {
            org_admin: Verbs::of(&[Create, Read, List]),
            team_admin: NONE,
            own: Verbs::of(&[Read, Update]),
            viewer: Verbs::of(&[Read]),
            bare: NONE,
        },
        Resource::Organization => Rights {
            org_admin: Verbs::of(&[Read, List, Update]),
            team_admin: NONE,
            own: LOOK,
            viewer: LOOK,
            bare: NONE,
        },
        Resource::OrganizationMember => {
            Rights { org_admin: MANAGE, team_admin: NONE, own: LOOK, viewer: LOOK, bare: NONE }
        }
        Resource::Project => Rights {
            org_admin: ALL.but(&[Rotate, Check]),
            team_admin: ALL.but(&[Rotate, Check]),
            own: LOOK,
            viewer: LOOK,
            bare: Verbs::of(&[Read]),
        },
        // Everybody's, and so nobody's but the proxy admins'.
        Resource::EndUser | Resource::Budget | Resource::Tag | Resource::AccessGroup => {
            Rights { org_admin: NONE, team_admin: NONE, own: NONE, viewer: NONE, bare: NONE }
        }
        Resource::Model => {
            Rights { org_admin: MANAGE, team_admin: MANAGE, own: LOOK, viewer: LOOK, bare: LOOK }
        }
        Resource::Credential => {
            Rights { org_admin: MANAGE, team_admin: MANAGE, own: NONE, viewer: NONE, bare: NONE }
        }
        Resource::Spend => {
            Rights { org_admin: LOOK, team_admin: LOOK, own: LOOK, viewer: LOOK, bare: Verbs::of(&[Read]) }
        }
        Resource::Audit | Resource::Health | Resource::Settings => {
            Rights { org_admin: NONE, team_admin: NONE, own: NONE, viewer: NONE, bare: NONE }
        }
    }
}
