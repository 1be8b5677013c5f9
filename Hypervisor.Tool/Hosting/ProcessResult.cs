namespace Hypervisor.Tool.Hosting;

/// <summary>What a finished process left behind.</summary>
/// <param name="ExitCode">Its exit code; zero is success.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Error">What it wrote to standard error.</param>
public sealed record ProcessResult(int ExitCode, string Output, string Error)
{
    /// <summary>Whether the process reported success.</summary>
    public bool Succeeded => ExitCode == 0;
}
