namespace Hypervisor.Devices.Ahci;

/// <summary>What a command asks of a disk.</summary>
public readonly struct DiskCommand
{
    private const int Full28 = 0x100;
    private const int Full48 = 0x1_0000;

    private DiskCommand(AtaCommandClass kind, DiskAccess access, ulong lba, int count)
    {
        Kind = kind;
        Access = access;
        Lba = lba;
        Count = count;
    }

    /// <summary>What kind of command it is: how address and number of sectors are written in it.</summary>
    public AtaCommandClass Kind { get; }

    /// <summary>What it does to sectors.</summary>
    public DiskAccess Access { get; }

    /// <summary>The first sector.</summary>
    public ulong Lba { get; }

    /// <summary>Number of sectors; 0 where it names none.</summary>
    public int Count { get; }

    /// <summary>Whether it is a queued one: it ends with a bit of PxSACT.</summary>
    public bool IsQueued => Kind is AtaCommandClass.ReadQueued or AtaCommandClass.WriteQueued or AtaCommandClass.OtherQueued;

    /// <summary>Whether the sectors it touches are known.</summary>
    public bool HasSectors => Access is DiskAccess.Read or DiskAccess.Verify or DiskAccess.Write;

    /// <summary>A packet command (see <see cref="AtapiCommands"/>).</summary>
    public static DiskCommand OfPacket(DiskAccess access, ulong lba, int count) => new(AtaCommandClass.Packet, access, lba, count);

    /// <summary>Reads an ATA command; a packet is not looked into.</summary>
    /// <param name="fis">The FIS.</param>
    public static DiskCommand Read(CommandFis fis)
    {
        const int controlPort = 15; // of a port multiplier (SATA 3.x §16.3.1)
        if (!fis.IsCommand)
        {
            return new DiskCommand(AtaCommandClass.Harmless, DiskAccess.None, 0, 0);
        }

        AtaCommandClass kind = AtaCommands.ClassOf(fis.Command);
        switch (kind)
        {
            case AtaCommandClass.Read28:
                return Of28(kind, DiskAccess.Read, fis);
            case AtaCommandClass.Verify28:
                return Of28(kind, DiskAccess.Verify, fis);
            case AtaCommandClass.Write28:
                return Of28(kind, DiskAccess.Write, fis);
            case AtaCommandClass.Read48:
                return Of48(kind, DiskAccess.Read, fis);
            case AtaCommandClass.Verify48:
                return Of48(kind, DiskAccess.Verify, fis);
            case AtaCommandClass.Write48:
                return Of48(kind, DiskAccess.Write, fis);
            case AtaCommandClass.ReadQueued:
                return new DiskCommand(kind, DiskAccess.Read, fis.Lba48, Full(fis.Feature, Full48));
            case AtaCommandClass.WriteQueued:
                return new DiskCommand(kind, DiskAccess.Write, fis.Lba48, Full(fis.Feature, Full48));
            case AtaCommandClass.OtherQueued:
                byte subcommand = (byte)(fis.Command == AtaCommands.QueuedNonData ? fis.Feature & SubcommandMask : fis.Count >> SubcommandShift & SubcommandMask5);
                return Plain(kind, AtaCommands.IsHarmlessQueued(fis.Command, subcommand));
            case AtaCommandClass.ByFeature:
                kind = AtaCommands.ByFeature(fis.Command, fis.Feature, fis.PortMultiplier == controlPort);
                return Plain(kind, kind == AtaCommandClass.Harmless);
            case AtaCommandClass.Discard:
                return new DiskCommand(kind, DiskAccess.Discard, 0, 0);
            default:
                return Plain(kind, kind is AtaCommandClass.Harmless or AtaCommandClass.Packet);
        }
    }

    /// <summary>Makes of the FIS of a command that of a part of it.</summary>
    /// <param name="fis">The FIS.</param>
    /// <param name="done">Sectors before the part.</param>
    /// <param name="count">Sectors of the part.</param>
    public void Narrow(CommandFis fis, int done, int count)
    {
        ulong lba = Lba + (uint)done;
        switch (Kind)
        {
            case AtaCommandClass.Read28 or AtaCommandClass.Write28:
                fis.Set28(lba, count);
                break;
            case AtaCommandClass.Read48 or AtaCommandClass.Write48:
                fis.Set48(lba, count);
                break;
            default:
                fis.SetQueued(lba, count);
                break;
        }
    }

    private const int SubcommandMask = 0xF; // FEATURES bits 3:0 of NCQ NON-DATA (ACS-3 §7.18.1)
    private const int SubcommandShift = 8;
    private const int SubcommandMask5 = 0x1F; // COUNT bits 12:8 of SEND and RECEIVE (ACS-3 §7.28, §7.45)

    private static DiskCommand Plain(AtaCommandClass kind, bool harmless) => new(kind, harmless ? DiskAccess.None : DiskAccess.ChangeAnything, 0, 0);

    /// <summary>A command that gives its sector by cylinder and head may mean any: what geometry holds is the drive's business.</summary>
    private static DiskCommand Of28(AtaCommandClass kind, DiskAccess access, CommandFis fis)
    {
        const int countMask = 0xFF;
        if (fis.IsLba)
        {
            return new DiskCommand(kind, access, fis.Lba28, Full(fis.Count & countMask, Full28));
        }

        return new DiskCommand(kind, access == DiskAccess.Write ? DiskAccess.ChangeAnything : DiskAccess.ReadAnything, 0, 0);
    }

    private static DiskCommand Of48(AtaCommandClass kind, DiskAccess access, CommandFis fis) => new(kind, access, fis.Lba48, Full(fis.Count, Full48));

    private static int Full(int count, int ifZero) => count == 0 ? ifZero : count;
}
