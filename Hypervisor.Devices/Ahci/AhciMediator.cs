using System;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Pci;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// <c>ahci</c>: stands before the registers of AHCI controllers, by whichever way they are reached, and sees every command (M50 to M55). Without a rule it changes nothing, but keeps
/// commands away that would reach the host's memory.
/// </summary>
public sealed class AhciMediator : Mediator
{
    private const ushort AhciClass = 0x0106; // PCI Code and ID Assignment 1.11, §1.2
    private const int MaximumCapabilities = 48;
    private const int RegistersBar = 5;
    private const int CapabilityAlignment = 0xFC;
    private const int ByteBits = 8;
    private const uint IndexMask = 0xFFFF_FFFC;

    private readonly PciMediator _pci;
    private readonly PciConfiguration _configuration;
    private readonly AhciControllers _controllers = new();
    private readonly AhciCounters _counters = new();
    private readonly AhciRegisters _registers;
    private readonly AhciWatcher _watcher;
    private readonly AhciRouter _router;
    private MediatorHost? _host;

    /// <summary>The mediator.</summary>
    /// <param name="pci">Who finds the controllers.</param>
    /// <param name="configuration">Their configuration space.</param>
    public AhciMediator(PciMediator pci, PciConfiguration configuration)
    {
        _pci = pci;
        _configuration = configuration;
        _registers = new AhciRegisters(configuration);
        _watcher = new AhciWatcher(_controllers, _registers, _counters);
        _router = new AhciRouter(_controllers, _watcher);
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Name => "ahci"u8;

    /// <inheritdoc/>
    public override void Attach(MediatorHost host)
    {
        _host = host;
        _controllers.Clear();
        if (!_pci.ClaimFunctions(this, host, PciMatch.Class(AhciClass), AhciTag.Controller))
        {
            host.Log(LogLevel.Warning).Text("the pci mediator is not in place: controllers are not seen"u8).End();
        }
    }

    /// <inheritdoc/>
    public override void OnPciFunction(in PciFunctionInfo function)
    {
        if (_host == null)
        {
            return;
        }

        int index = _controllers.Find(function.Function);
        if (function.Notice == PciNotice.Found && index == AhciControllers.None)
        {
            index = _controllers.Add(function.Function);
            if (index == AhciControllers.None)
            {
                SayFull(_host, function);
                return;
            }

            Open(_host, index, function);
        }

        if (index == AhciControllers.None)
        {
            return;
        }

        switch (function.Notice)
        {
            case PciNotice.Removed:
                _controllers[index] = default;
                return;
            case PciNotice.Reset:
                _controllers.Forget(index);
                break;
            default:
                break;
        }

        _controllers[index].Address = function.Address;
        Place(_host, index);
    }

    /// <inheritdoc/>
    public override Verdict OnMemory(ref MemoryRequest request)
    {
        AhciAccess access = new() { Offset = (int)request.Offset, Size = request.Size, IsWrite = request.IsWrite, Value = request.Value };
        Verdict verdict = _router.Handle(_host!, AhciTag.ControllerOf(request.Tag), ref access);
        request.Value = access.Value;
        return verdict;
    }

    /// <inheritdoc/>
    public override Verdict OnPort(ref PortRequest request)
    {
        int index = AhciTag.ControllerOf(request.Tag);
        ref AhciController controller = ref _controllers[index];
        int at = request.Port - controller.PairPorts - controller.PairOffset - sizeof(uint);
        if (AhciTag.BarOf(request.Tag) != controller.PairBar || at + request.Size <= 0 || at >= sizeof(uint))
        {
            return Verdict.Pass;
        }

        return at < 0 || at + request.Size > sizeof(uint) ? Verdict.Deny : OnPair(index, at, request.Size, request.IsWrite, ref request);
    }

    /// <inheritdoc/>
    public override Verdict OnPciConfiguration(ref PciRequest request)
    {
        int index = _controllers.Find(request.Function);
        if (index == AhciControllers.None || _controllers[index].PairBar >= 0 || _controllers[index].PairOffset == 0)
        {
            return Verdict.Pass;
        }

        int at = request.Offset - _controllers[index].PairOffset - sizeof(uint);
        if (at < 0 || at >= sizeof(uint))
        {
            return Verdict.Pass;
        }

        AhciAccess access = PairAccess(index, at, request.Size, request.IsWrite, request.Value);
        Verdict verdict = _router.HandleDword(_host!, index, ref access);
        request.Value = (uint)access.Value;
        return verdict;
    }

    /// <inheritdoc/>
    public override void Resume()
    {
        for (int i = 0; i < AhciControllers.Capacity; i++)
        {
            _controllers.Forget(i); // registers have lost what they held
        }
    }

    /// <inheritdoc/>
    public override ulong Statistic(int index, out ReadOnlySpan<byte> name) => _counters.Get(index, out name);

    private static void SayFull(MediatorHost host, in PciFunctionInfo function) =>
        host.Log(LogLevel.Warning).Pci(function.Address).Text(": more controllers than there is room for: it is not seen"u8).End();

    private Verdict OnPair(int controller, int at, int size, bool isWrite, ref PortRequest request)
    {
        AhciAccess access = PairAccess(controller, at, size, isWrite, request.Value);
        Verdict verdict = _router.HandleDword(_host!, controller, ref access);
        request.Value = (uint)access.Value;
        return verdict;
    }

    /// <summary>An access to the data register: the index register, which is the hardware's, says to what.</summary>
    private AhciAccess PairAccess(int controller, int at, int size, bool isWrite, uint value)
    {
        uint index = _registers.Index(_host!, _controllers[controller]) & IndexMask;
        int offset = (int)Math.Min(index, AhciRegister.End) + at;
        return new AhciAccess { Offset = offset, Size = size, IsWrite = isWrite, Value = value };
    }

    private void Open(MediatorHost host, int index, in PciFunctionInfo function)
    {
        ref AhciController controller = ref _controllers[index];
        controller.Address = function.Address;
        FindPair(host, ref controller);
        PciFunction pci = _pci.Function(function.Function);
        _ = pci.ClaimBar(host, RegistersBar, AhciTag.Of(index, RegistersBar), writesOnly: true);
        if (controller.PairBar >= 0)
        {
            _ = pci.ClaimBar(host, controller.PairBar, AhciTag.Of(index, controller.PairBar));
        }
    }

    /// <summary>Where base address registers point by now; and what the controller can do, once it can be asked.</summary>
    private void Place(MediatorHost host, int index)
    {
        ref AhciController controller = ref _controllers[index];
        PciFunction function = _pci.Function(controller.Function);
        controller.HasMemory = function.GetBar(RegistersBar, out controller.Registers, out _, out bool isIo) && !isIo;
        if (controller.PairBar >= 0)
        {
            controller.HasPorts = function.GetBar(controller.PairBar, out ulong ports, out _, out isIo) && isIo;
            controller.PairPorts = (ushort)ports;
        }

        if (!controller.IsKnown && AhciRegisters.CanReach(controller))
        {
            controller.IsKnown = true;
            controller.Capabilities = new AhciCapabilities(_registers.Read(host, controller, AhciRegister.Capabilities));
            controller.Ports = _registers.Read(host, controller, AhciRegister.PortsImplemented);
            host.Log(LogLevel.Information).Pci(controller.Address).Text(": ports "u8).Hex(controller.Ports).Text(", registers at "u8).Hex(controller.Registers).End();
        }
    }

    private void FindPair(MediatorHost host, ref AhciController controller)
    {
        int offset = (int)_configuration.Read(host, controller.Address, PciRegister.CapabilityPointer, sizeof(byte)) & CapabilityAlignment;
        for (int i = 0; i < MaximumCapabilities && offset >= PciRegister.HeaderEnd; i++)
        {
            uint header = _configuration.Read(host, controller.Address, offset, sizeof(ushort));
            if ((byte)header == AhciPairPlace.CapabilityId)
            {
                AhciPairPlace place = new(_configuration.Read(host, controller.Address, offset + AhciPairPlace.PlaceOffset, sizeof(uint)));
                controller.PairBar = place.IsInBar ? (sbyte)place.Bar : AhciController.NoBar;
                controller.PairOffset = place.IsInBar ? place.Offset : place.IsInConfiguration ? offset + AhciPairPlace.ConfigurationIndex : 0;
                return;
            }

            offset = (int)(header >> ByteBits) & CapabilityAlignment;
        }
    }
}
