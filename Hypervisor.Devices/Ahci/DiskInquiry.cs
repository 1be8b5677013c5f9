using System;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// Finds out which disk is behind a port: by IDENTIFY DEVICE of the host's own, when the guest issues a command and the port has nothing else to do. A disk that does not tell is taken for
/// each one that a rule names.
/// </summary>
internal sealed class DiskInquiry
{
    private const int MostAttempts = 3;
    private const int ControlPort = 15;
    private const uint PacketSignature = 0xEB14_0101; // PxSIG of an ATAPI device (SATA 3.x §11.3)
    private const uint LinkChanges = (1u << 26) | (1u << 16); // PxSERR: DIAG.X, DIAG.N (AHCI 1.3.1 §3.3.12)
    private const int InquirySlot = 0;

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
        return identity.IsKnown ? identity.Rules : _policy.Rules.Possible(port.Controller.Address, port.Number, behind);
    }

    /// <summary>Forgets the disks behind a port.</summary>
    internal static void Forget(MediatorHost host, in AhciPort state) => GovernedMemory.Disks(host, state.Place).Clear();

    /// <summary>Whether a write to PxSERR says that the guest has noted a change of the link.</summary>
    internal static bool NotesChange(in PortAccess port, uint value) =>
        (value & LinkChanges & port.Read(AhciRegister.SataError)) != 0;

    /// <summary>Asks a disk who it is, where that matters and is not known. The port runs, with the host's list, and has no command.</summary>
    internal void Ask(in PortAccess port, int behind)
    {
        uint possible = behind == ControlPort ? 0 : _policy.Rules.Possible(port.Controller.Address, port.Number, behind);
        if (possible == 0)
        {
            return;
        }

        ref DiskIdentity identity = ref GovernedMemory.Disks(port.Host, port.State.Place)[behind];
        bool isChanged = (port.Read(AhciRegister.SataError) & LinkChanges) != 0;
        if (isChanged && !identity.WasChanged)
        {
            identity = default; // another disk may have been plugged in since
        }

        if (identity.IsKnown || identity.Attempts == MostAttempts || !port.IsIdle
            || port.TaskFile.IsBusy
            || (port.Read(AhciRegister.PortInterruptStatus) & AhciRegister.ErrorInterrupts) != 0)
        {
            return;
        }

        identity.WasChanged = isChanged;
        bool isPacket = port.Read(AhciRegister.Signature) == PacketSignature ^ (identity.Attempts == 1);
        identity.Attempts++;
        if (TryRead(port, behind, isPacket ? AtaCommands.IdentifyPacket : AtaCommands.Identify))
        {
            Note(port, ref identity, possible, isPacket);
        }
    }

    private void Note(in PortAccess port, ref DiskIdentity identity, uint possible, bool isPacket)
    {
        IdentifyData data = new(GovernedMemory.Identify(port.Host, port.State.Place));
        if (data.IsEmpty)
        {
            return;
        }

        Span<byte> texts = GovernedMemory.Sector(port.Host, IdentifyData.SerialSize + IdentifyData.ModelSize);
        ReadOnlySpan<byte> serial = data.Serial(texts);
        ReadOnlySpan<byte> model = data.Model(texts.Slice(IdentifyData.SerialSize));
        identity.Rules = _policy.Rules.Of(possible, serial, model);
        identity.SectorSize = isPacket ? 0 : data.SectorSize;
        identity.IsKnown = true;
        port.Log(LogLevel.Information).Text(": model "u8).Text(model).Text(", serial "u8).Text(serial)
            .Text(", sectors of "u8).Decimal((uint)identity.SectorSize).Text(", rules "u8).Hex(identity.Rules).End();
    }

    /// <summary>What the guest could notice is put back: received FISes, interrupt status and enable. The port's interrupts are off meanwhile.</summary>
    private static bool TryRead(in PortAccess port, int behind, byte command)
    {
        Span<byte> identify = GovernedMemory.Identify(port.Host, port.State.Place);
        identify.Clear();
        BuildCommand(port, behind, command);
        bool isSwitched = port.Controller.Capabilities.HasFisSwitching
            && (port.Read(AhciRegister.FisSwitching) & AhciRegister.FisSwitchingEnabled) != 0;
        Span<byte> kept = GovernedMemory.Received(port.Host, port.State.Place);
        Span<byte> received = port.Host.Memory(port.State.Received + (uint)(isSwitched ? behind * kept.Length : 0), kept.Length);
        if (!received.IsEmpty)
        {
            received.CopyTo(kept);
        }

        uint enabled = port.Read(AhciRegister.PortInterruptEnable);
        uint before = port.Read(AhciRegister.PortInterruptStatus);
        port.Write(AhciRegister.PortInterruptEnable, 0);
        port.Write(AhciRegister.CommandIssue, 1u << InquirySlot);
        bool ended = WaitEnded(port);
        bool fine = ended && !HasFailed(port);
        if (!fine && PortPoll.Stop(port))
        {
            PortPoll.Start(port);
        }

        uint after = port.Read(AhciRegister.PortInterruptStatus);
        port.Write(AhciRegister.PortInterruptStatus, after & ~before & ~AhciRegister.LinkInterrupts);
        port.Write(AhciRegister.PortInterruptEnable, enabled);
        if (!received.IsEmpty)
        {
            kept.CopyTo(received);
        }

        return fine;
    }

    private static bool WaitEnded(in PortAccess port)
    {
        for (int i = 0; i < PortPoll.CommandReads; i++)
        {
            if (port.Read(AhciRegister.CommandIssue) == 0)
            {
                return true;
            }

            // After an error the command stays issued until the port is stopped (AHCI 1.3.1 §6.2.2).
            if (HasFailed(port))
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>By the interrupt status, where none of this was before: the task file may tell of an older error.</summary>
    private static bool HasFailed(in PortAccess port) =>
        (port.Read(AhciRegister.PortInterruptStatus) & AhciRegister.ErrorInterrupts) != 0;

    private static void BuildCommand(in PortAccess port, int behind, byte command)
    {
        int offset = GovernedMemory.TableOf(port.State.Place, InquirySlot);
        Span<byte> table = port.Host.OwnMemory.Slice(offset, CommandCheck.PrdtOffset + AhciPrd.Size);
        table.Clear();
        new CommandFis(table).Set(command, behind);
        AhciPrd prd = new(port.Host.OwnMemoryAddress + (uint)GovernedMemory.IdentifyOf(port.State.Place), IdentifyData.Size);
        Span<ulong> prdt = Words.Quads(table.Slice(CommandCheck.PrdtOffset));
        prdt[0] = prd.Low;
        prdt[1] = prd.High;
        AhciCommandHeader.For(behind).With(port.Host.OwnMemoryAddress + (uint)offset, 1, 0).Write(GovernedMemory.List(port.Host, port.State.Place), InquirySlot);
    }
}
