namespace Hypervisor.Core.Configuration;

/// <summary>What became of an option of a mediator.</summary>
public enum MediatorOptionOutcome
{
    /// <summary>It is set.</summary>
    Done,

    /// <summary>There is no such mediator.</summary>
    UnknownMediator,

    /// <summary>The mediator has no such option.</summary>
    UnknownKey,

    /// <summary>The option has no such value.</summary>
    BadValue,

    /// <summary>The option's number is outside of its range.</summary>
    OutOfRange,
}
