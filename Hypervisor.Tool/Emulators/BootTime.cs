using System.Globalization;
using System.Text.RegularExpressions;

namespace Hypervisor.Tool.Emulators;

/// <summary>How long a kernel took from its first instructions to its first process, by its own clock.</summary>
/// <remarks>
/// Where the emulator counts time in instructions, so does this: the kernel's clock is the time-stamp counter. Time that the kernel waits counts too.
/// </remarks>
public static partial class BootTime
{
    /// <summary>Reads it from the console's log.</summary>
    /// <param name="folder">The run.</param>
    /// <returns>Microseconds of the machine's time, or null where the kernel did not come that far.</returns>
    public static long? Read(RunFolder folder)
    {
        Match line = RunInit().Match(string.Join('\n', RunReport.ReadLines(folder.SerialLog)));
        return line.Success ? long.Parse(line.Groups[1].Value + line.Groups[2].Value, CultureInfo.InvariantCulture) : null;
    }

    [GeneratedRegex(@"^\[ *(\d+)\.(\d{6})\] Run /init as init process", RegexOptions.Multiline)]
    private static partial Regex RunInit();
}
