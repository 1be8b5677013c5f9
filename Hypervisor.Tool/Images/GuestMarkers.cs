namespace Hypervisor.Tool.Images;

/// <summary>What the guest prints for the workbench to see; the other side of this contract is init.sh.</summary>
public static class GuestMarkers
{
    /// <summary>The user space is up, and the summary stands above this line.</summary>
    public const string Ready = @"hv: ready after ([0-9.]+) s";

    /// <summary>The number of processors the kernel uses.</summary>
    public const string Processors = @"hv: processors  (\d+)";

    /// <summary>The runtime services that read the firmware's variables work.</summary>
    public const string VariablesReadable = @"hv: efivars     \d+ \(readable\)";

    /// <summary>The command has ended, with its exit status.</summary>
    public const string CommandEnded = @"hv: command ended with (\d+)";

    /// <summary>The interactive prompt.</summary>
    public const string Prompt = "hv# ";

    /// <summary>The launcher could not start an image that it must; the line above names it.</summary>
    public const string RequiredImageFailed = "launch: stopped";

    /// <summary>The boot script could not load the hypervisor.</summary>
    public const string NotLoaded = "hv: hv.efi was not loaded";
}
