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
                return OfQueued(kind, DiskAccess.Read, fis);
            case AtaCommandClass.WriteQueued:
                return OfQueued(kind, DiskAccess.Write, fis);
            case AtaCommandClass.OtherQueued or AtaCommandClass.Conditional:
                return new DiskCommand(kind, AtaSubcommands.AccessOf(fis), 0, 0);
            case AtaCommandClass.Discard:
                return new DiskCommand(kind, DiskAccess.Discard, 0, 0);
            default:
                return new DiskCommand(kind, kind is AtaCommandClass.Harmless or AtaCommandClass.Packet ? DiskAccess.None : DiskAccess.ChangeAnything, 0, 0);
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

    private static DiskCommand Of28(AtaCommandClass kind, DiskAccess access, CommandFis fis)
    {
        const int countMask = 0xFF;
        return Of(kind, access, fis, fis.Lba28, Full(fis.Count & countMask, Full28));
    }

    private static DiskCommand Of48(AtaCommandClass kind, DiskAccess access, CommandFis fis) => Of(kind, access, fis, fis.Lba48, Full(fis.Count, Full48));

    private static DiskCommand OfQueued(AtaCommandClass kind, DiskAccess access, CommandFis fis) => Of(kind, access, fis, fis.Lba48, Full(fis.Feature, Full48));

    /// <summary>
    /// Without the LBA bit a command gives its sector by cylinder and head, and may mean any: what geometry holds is the drive's business. Commands with a 48-bit address are to have the bit
    /// (ACS-3 §7.22, §7.23), but there are drives that take them so without it.
    /// </summary>
    private static DiskCommand Of(AtaCommandClass kind, DiskAccess access, CommandFis fis, ulong lba, int count) => fis.IsLba
        ? new DiskCommand(kind, access, lba, count)
        : new DiskCommand(kind, access == DiskAccess.Write ? DiskAccess.ChangeAnything : DiskAccess.ReadAnything, 0, 0);

    private static int Full(int count, int ifZero) => count == 0 ? ifZero : count;
}
