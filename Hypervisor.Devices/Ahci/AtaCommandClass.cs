namespace Hypervisor.Devices.Ahci;

/// <summary>What an ATA command does, as far as a policy asks.</summary>
public enum AtaCommandClass : byte
{
    /// <summary>Not known: it may do anything.</summary>
    Unknown,

    /// <summary>Neither transfers sectors nor changes medium or drive: identification, logs, power, flushes, settings until power-off.</summary>
    Harmless,

    /// <summary>Changes the medium or the drive in a way that is not decoded.</summary>
    Harmful,

    /// <summary>Gives sectors up (DATA SET MANAGEMENT): what they hold is lost, but nothing is written there.</summary>
    Discard,

    /// <summary>Other fields say what it does (see <see cref="AtaSubcommands"/>).</summary>
    Conditional,

    /// <summary>Reads sectors, 28-bit address.</summary>
    Read28,

    /// <summary>Reads sectors, 48-bit address.</summary>
    Read48,

    /// <summary>Verifies sectors, which brings nothing into memory, 28-bit address.</summary>
    Verify28,

    /// <summary>The same, 48-bit address.</summary>
    Verify48,

    /// <summary>Writes sectors, 28-bit address.</summary>
    Write28,

    /// <summary>Writes sectors, 48-bit address.</summary>
    Write48,

    /// <summary>READ FPDMA QUEUED.</summary>
    ReadQueued,

    /// <summary>WRITE FPDMA QUEUED.</summary>
    WriteQueued,

    /// <summary>NCQ NON-DATA, SEND and RECEIVE FPDMA QUEUED: other fields say what, with a tag.</summary>
    OtherQueued,

    /// <summary>PACKET: as the SCSI command in it says.</summary>
    Packet,
}
