namespace Hypervisor.Tool.Commands;

/// <summary>What the tool tells the shell.</summary>
public static class ExitCodes
{
    /// <summary>All went well.</summary>
    public const int Success = 0;

    /// <summary>Something went wrong, and a sentence said what.</summary>
    public const int Failure = 1;
}
