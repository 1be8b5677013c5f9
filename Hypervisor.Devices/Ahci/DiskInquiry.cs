using System;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// Finds out which disk is behind a port: by IDENTIFY DEVICE of the host's own, when the guest issues a command and the port has nothing else to do. A disk that does not tell is taken for
/// each one that a rule names.
/// </summary>
internal sealed class DiskInquiry
{
    private const int MostAttempts = 3;
    private const uint PacketSignature = 0xEB14_0101; // PxSIG of an ATAPI device (SATA 3.x §11.3)
    private const uint LinkChanges = (1u << 26) | (1u << 16); // PxSERR: DIAG.X, DIAG.N (AHCI 1.3.1 §3.3.12)

    private readonly AhciPolicy _policy;

    internal DiskInquiry(AhciPolicy policy)
    {
        _policy = policy;
    }

    /// <summary>The rules for a disk.</summary>
    /// <param name="port">The port.</param>
    /// <param name="behind">The port of a port multiplier.</param>
    /// <param name="sectorSize">Bytes of a sector; 0 where that is not known.</param>
    internal uint Rules(in PortAccess port, int behind, out int sectorSize)
    {
        ref DiskIdentity identity = ref GovernedMemory.Disks(port.Host, port.State.Place)[behind];
        sectorSize = identity.SectorSize;
        return identity.IsKnown ? identity.Rules : DiskRules.OfUnknown(_policy.Rules.Possible(port.Controller.Address, port.Number, behind));
    }

    /// <summary>Forgets the disks behind a port.</summary>
    internal static void Forget(in PortAccess port) => Forget(port, uint.MaxValue);

    /// <summary>A command that goes to the controller: forgets the disks that may be other ones after it.</summary>
    internal static void NoteCommand(in PortAccess port, CommandFis fis) => Forget(port, PortMultiplierCommand.Exchanges(fis));

    /// <summary>Whether a write to PxSERR says that the guest has noted a change of the link.</summary>
    internal static bool NotesChange(in PortAccess port, uint value) =>
        (value & LinkChanges & port.Read(AhciRegister.SataError)) != 0;

    /// <summary>Asks a disk who it is, where that matters and is not known. The port runs, with the host's list, and has no command.</summary>
    /// <returns>Whether it was asked, which may have taken long: one question is enough in an exit.</returns>
    internal bool Ask(in PortAccess port, int behind)
    {
        uint possible = behind == PortMultiplierCommand.ControlPort ? 0 : _policy.Rules.Possible(port.Controller.Address, port.Number, behind);
        if (possible == 0 || (behind != 0 && !port.Command.HasPortMultiplier))
        {
            return false;
        }

        ref DiskIdentity identity = ref GovernedMemory.Disks(port.Host, port.State.Place)[behind];
        bool isChanged = (port.Read(AhciRegister.SataError) & LinkChanges) != 0;
        if (isChanged && !identity.WasChanged)
        {
            identity = identity.Forgotten(); // another disk may have been plugged in since
        }

        if (identity.IsKnown || identity.Attempts == MostAttempts || !port.IsIdle
            || port.TaskFile.IsBusy)
        {
            return false;
        }

        identity.WasChanged = isChanged;
        bool isPacket = port.Read(AhciRegister.Signature) == PacketSignature ^ (identity.Attempts == 1);
        bool isAnswered = DiskQuestion.TryAsk(port, behind, isPacket ? AtaCommands.IdentifyPacket : AtaCommands.Identify);
        IdentifyData data = new(GovernedMemory.Identify(port.Host, port.State.Place));
        if (!isAnswered || data.IsEmpty)
        {
            identity.Attempts++;
        }
        else if (data.TellsWho(isPacket))
        {
            Note(port, data, ref identity, possible, isPacket);
        }

        return true;
    }

    private static void Forget(in PortAccess port, uint disks)
    {
        Span<DiskIdentity> identities = GovernedMemory.Disks(port.Host, port.State.Place);
        for (int i = 0; i < identities.Length; i++)
        {
            identities[i] = (disks >> i & 1) != 0 ? identities[i].Forgotten() : identities[i];
        }
    }

    private void Note(in PortAccess port, IdentifyData data, ref DiskIdentity identity, uint possible, bool isPacket)
    {
        Span<byte> texts = GovernedMemory.Sector(port.Host, IdentifyData.SerialSize + IdentifyData.ModelSize);
        ReadOnlySpan<byte> serial = data.Serial(texts);
        ReadOnlySpan<byte> model = data.Model(texts.Slice(IdentifyData.SerialSize));
        identity.Rules = _policy.Rules.Of(possible, serial, model);
        identity.SectorSize = isPacket ? 0 : data.SectorSize;
        identity.IsKnown = true;
        if (identity.Logged == data.Fingerprint)
        {
            return; // a guest that resets the link again and again does not fill the log
        }

        identity.Logged = data.Fingerprint;
        port.Log(LogLevel.Information).Text(": model "u8).Text(model).Text(", serial "u8).Text(serial)
            .Text(", sectors of "u8).Decimal((uint)identity.SectorSize).Text(", rules "u8).Hex(identity.Rules).End();
    }
}
