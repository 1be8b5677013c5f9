using System;
using System.Collections.Generic;
using System.Threading;

namespace Hypervisor.Tests.Models;

/// <summary>
/// Runs several processors as threads of which one at a time goes on; who is next at each boundary is drawn from a seed, so that an interleaving can be
/// repeated.
/// </summary>
internal sealed class DeterministicScheduler(int seed, int switchOneIn)
{
    private const long MaximumSteps = 3_000_000;

    private readonly Random _random = new(seed);
    private readonly List<Worker> _workers = [];
    private Worker? _current;
    private Exception? _failure;
    private bool _ended;

    /// <summary>Boundaries passed so far.</summary>
    internal long Steps { get; private set; }

    /// <summary>Called before a worker goes on.</summary>
    internal Action<int>? Switched { get; set; }

    internal Random Random => _random;

    internal void Add(Action body) => _workers.Add(new Worker(_workers.Count, body));

    /// <summary>Runs until a worker calls <see cref="End"/> or fails.</summary>
    internal void Run()
    {
        foreach (Worker worker in _workers)
        {
            worker.Thread = new Thread(() => Execute(worker), 256 * 1024) { IsBackground = true };
            worker.Thread.Start();
        }

        Resume(_workers[0]);
        foreach (Worker worker in _workers)
        {
            worker.Thread!.Join();
        }

        if (_failure != null)
        {
            throw new InvalidOperationException($"seed {seed}: {_failure.Message}", _failure);
        }
    }

    /// <summary>A boundary: perhaps another worker goes on first.</summary>
    internal void Yield()
    {
        if (_ended)
        {
            throw new SimulationEndedException();
        }

        if (++Steps > MaximumSteps)
        {
            throw new InvalidOperationException("the run does not come to an end");
        }

        if (_random.Next(switchOneIn) == 0)
        {
            SwitchTo(_workers[_random.Next(_workers.Count)]);
        }
    }

    /// <summary>Ends the run.</summary>
    internal void End()
    {
        _ended = true;
        throw new SimulationEndedException();
    }

    private void SwitchTo(Worker next)
    {
        Worker self = _current!;
        if (next == self)
        {
            return;
        }

        Resume(next);
        self.Turn.Wait();
        if (_ended)
        {
            throw new SimulationEndedException();
        }
    }

    private void Resume(Worker worker)
    {
        _current = worker;
        Switched?.Invoke(worker.Index);
        worker.Turn.Release();
    }

    private void Execute(Worker worker)
    {
        worker.Turn.Wait();
        try
        {
            if (!_ended)
            {
                worker.Body();
                throw new InvalidOperationException($"processor {worker.Index} has run out of work");
            }
        }
        catch (SimulationEndedException)
        {
        }
        catch (Exception exception)
        {
            _failure ??= exception;
            _ended = true;
        }

        // The others have to see the end, one after the other.
        worker.IsDone = true;
        Worker? next = _workers.Find(other => !other.IsDone);
        if (next != null)
        {
            Resume(next);
        }
    }

    private sealed class Worker(int index, Action body)
    {
        internal int Index => index;

        internal Action Body => body;

        internal SemaphoreSlim Turn { get; } = new(0);

        internal Thread? Thread { get; set; }

        internal bool IsDone { get; set; }
    }
}
