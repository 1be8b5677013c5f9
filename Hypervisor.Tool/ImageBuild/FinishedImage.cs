namespace Hypervisor.Tool.ImageBuild;

/// <summary>An image that passed all checks.</summary>
/// <param name="File">Its bytes, symbols included.</param>
/// <param name="FunctionCount">Number of its functions.</param>
/// <param name="ExitPathCount">Number of those that the exit path reaches.</param>
/// <param name="Sections">Names and sizes of its sections.</param>
public sealed record FinishedImage(byte[] File, int FunctionCount, int ExitPathCount, string Sections)
{
    /// <summary>The line that reports it.</summary>
    public string Report => $"{File.Length} bytes, {FunctionCount} functions ({ExitPathCount} on the exit path), sections {Sections}";
}
