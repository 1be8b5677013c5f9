using System.Runtime.InteropServices;

namespace Hypervisor.Devices.Ahci;

/// <summary>A command of a governed port between its issue and its end.</summary>
[StructLayout(LayoutKind.Sequential, Size = Size)]
internal struct AhciSlot
{
    /// <summary>Bytes of it.</summary>
    internal const int Size = 128;

    /// <summary>Whether it has borrowed pages.</summary>
    internal bool HasPages;

    /// <summary>Whether sectors have to be decrypted when it ends.</summary>
    internal bool Decrypts;

    /// <summary>Whether its data are encrypted on their way to the disk.</summary>
    internal bool Encrypts;

    /// <summary>The guest's header.</summary>
    internal AhciCommandHeader Header;

    /// <summary>Physical address of PRDBC in it.</summary>
    internal ulong TransferredAddress;

    /// <summary>The command.</summary>
    internal DiskCommand Command;

    /// <summary>The rules for its disk.</summary>
    internal uint Rules;

    /// <summary>Bytes of a sector.</summary>
    internal int SectorSize;

    /// <summary>Bytes from the beginning of the mediator's own memory to the table that the controller has.</summary>
    internal int Table;

    /// <summary>Its buffers.</summary>
    internal int PrdtLength;

    /// <summary>Sectors that are written already.</summary>
    internal int Done;

    /// <summary>Sectors that are being written.</summary>
    internal int Underway;

    /// <summary>Where in the guest's data the next ones are.</summary>
    internal BufferCursor Cursor;

    /// <summary>Bytes transferred so far.</summary>
    internal uint Transferred;
}
