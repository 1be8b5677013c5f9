using System;

namespace Hypervisor.Devices.Ahci;

/// <summary>What was seen, for the owner to read.</summary>
internal sealed class AhciCounters
{
    internal ulong Commands { get; set; }

    internal ulong Reads { get; set; }

    internal ulong Writes { get; set; }

    internal ulong Completed { get; set; }

    internal ulong Errors { get; set; }

    /// <summary>Commands that would have reached the host's memory or were no commands.</summary>
    internal ulong Bad { get; set; }

    /// <summary>Commands that a rule refuses.</summary>
    internal ulong Refused { get; set; }

    /// <summary>Commands that had to wait for memory of the host's.</summary>
    internal ulong Held { get; set; }

    /// <summary>Sectors that were encrypted or decrypted.</summary>
    internal ulong Encrypted { get; set; }

    /// <summary>Counts a command.</summary>
    internal void Count(in DiskCommand command)
    {
        Commands++;
        Reads += command.Access == DiskAccess.Read ? 1u : 0;
        Writes += command.Access == DiskAccess.Write ? 1u : 0;
    }

    internal ulong Get(int index, out ReadOnlySpan<byte> name)
    {
        switch (index)
        {
            case 0:
                name = "commands"u8;
                return Commands;
            case 1:
                name = "reads"u8;
                return Reads;
            case 2:
                name = "writes"u8;
                return Writes;
            case 3:
                name = "completed"u8;
                return Completed;
            case 4:
                name = "errors"u8;
                return Errors;
            case 5:
                name = "bad"u8;
                return Bad;
            case 6:
                name = "refused"u8;
                return Refused;
            case 7:
                name = "held"u8;
                return Held;
            case 8:
                name = "encrypted sectors"u8;
                return Encrypted;
            default:
                name = default;
                return 0;
        }
    }
}
