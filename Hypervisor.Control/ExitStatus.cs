namespace Hypervisor.Control;

/// <summary>How the program ends; on Linux the exit status itself.</summary>
internal enum ExitStatus
{
    /// <summary>Done.</summary>
    Success = 0,

    /// <summary>Something went wrong, and a sentence said what.</summary>
    Failure = 1,

    /// <summary>The command line is not one.</summary>
    Usage = 2,

    /// <summary>No hypervisor answers.</summary>
    NoAnswer = 3,

    /// <summary>A hypervisor is there and does not accept the secret.</summary>
    NotAccepted = 4,
}
